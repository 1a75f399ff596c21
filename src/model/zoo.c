/* Ready model texts that `stria new` prints. */
#include <string.h>

#include "model/model.h"

typedef struct architecture {
    const char *name, *title, *text;
} architecture;

static const architecture architectures[] = {
    {"lenet5", "LeNet-5 in its modern dress: relu and max pooling (61,706 parameters)",
     "# LeNet-5 (LeCun, Bottou, Bengio and Haffner, 1998) with relu and max pooling\n"
     "input     28x28x1\n"
     "conv2d    6 5 same relu\n"
     "maxpool2d 2\n"
     "conv2d    16 5 relu\n"
     "maxpool2d 2\n"
     "flatten\n"
     "dense     120 relu\n"
     "dense     84 relu\n"
     "dense     10 softmax\n"},
    {"lenet5-classic", "LeNet-5 as of 1998: tanh and average pooling (61,706 parameters)",
     "# LeNet-5 (LeCun, Bottou, Bengio and Haffner, 1998)\n"
     "input     28x28x1\n"
     "conv2d    6 5 same tanh\n"
     "avgpool2d 2\n"
     "conv2d    16 5 tanh\n"
     "avgpool2d 2\n"
     "flatten\n"
     "dense     120 tanh\n"
     "dense     84 tanh\n"
     "dense     10 softmax\n"},
    {"cifar-cnn", "three convolutions for 32x32 colour pictures (122,570 parameters)",
     "# A small network for CIFAR-10: three convolutions, two poolings\n"
     "input     32x32x3\n"
     "conv2d    32 3 relu\n"
     "maxpool2d 2\n"
     "conv2d    64 3 relu\n"
     "maxpool2d 2\n"
     "conv2d    64 3 relu\n"
     "flatten\n"
     "dense     64 relu\n"
     "dense     10 softmax\n"},
    {"mlp", "dense layers only, to compare with (101,770 parameters)",
     "# No convolution: every pixel to every neuron\n"
     "input     28x28x1\n"
     "flatten\n"
     "dense     128 relu\n"
     "dense     10 softmax\n"},
    {"digits-cnn", "a small network for the built-in 8x8 digits",
     "# Two convolutions for the 8x8 digits\n"
     "input     8x8x1\n"
     "conv2d    16 3 same relu\n"
     "conv2d    32 3 same relu\n"
     "maxpool2d 2\n"
     "flatten\n"
     "dropout   0.25\n"
     "dense     64 relu\n"
     "dense     10 softmax\n"},
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
