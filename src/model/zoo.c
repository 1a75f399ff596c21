/* Ready model texts that `stria new` prints: the files of the folder zoo, embedded when the build is
 * configured. */
#include <string.h>

#include "model/model.h"

typedef struct architecture {
    const char *name, *title, *text;
} architecture;

static const architecture architectures[] = {
#include "model/zoo_texts.h"
};

#define COUNT (sizeof architectures / sizeof architectures[0])

const char *stria_architecture_name(size_t index)
{
    return index < COUNT ? architectures[index].name : NULL;
}

const char *stria_architecture_title(size_t index)
{
    return index < COUNT ? architectures[index].title : NULL;
}

const char *stria_architecture_text(const char *name)
{
    for (size_t i = 0; i < COUNT; i++)
        if (strcmp(architectures[i].name, name) == 0)
            return architectures[i].text;
    return NULL;
}
