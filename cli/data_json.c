/* What is in a data set, as JSON: everything that was found, nothing rounded or left out. */
#include <stdlib.h>

#include "data.h"
#include "failure.h"
#include "json.h"

static cli_json *place_of(const data_subject *of, stria_place place)
{
    char *name = data_sample_name(of->data, place);
    cli_json *object = cli_json_object();
    const size_t length = stria_dataset_path(of->data, place.part, place.index, NULL, 0);
    cli_json_set(object, "part", cli_json_text(data_part_name(place.part)));
    cli_json_set(object, "index", cli_json_integer(place.index));
    cli_json_set(object, "file", length > 0 ? cli_json_text(name) : cli_json_null());
    if (of->found->class_count > 0) {
        const int32_t label = stria_dataset_label(of->data, place.part, place.index);
        cli_json_set(object, "class", cli_json_text(stria_dataset_class_name(of->data, (size_t)label)));
    }
    free(name);
    return object;
}

static cli_json *names_of(const char *key, const stria_name_count *names, size_t count)
{
    cli_json *list = cli_json_list();
    for (size_t i = 0; i < count; i++) {
        cli_json *object = cli_json_object();
        cli_json_set(object, key, cli_json_text(names[i].name));
        cli_json_set(object, "count", cli_json_integer((int64_t)names[i].count));
        cli_json_append(list, object);
    }
    return list;
}

static cli_json *classes_of(const data_subject *of)
{
    cli_json *list = cli_json_list();
    for (size_t c = 0; c < of->found->class_count; c++) {
        cli_json *object = cli_json_object();
        cli_json_set(object, "class", cli_json_text(stria_dataset_class_name(of->data, c)));
        cli_json_set(object, "index", cli_json_integer((int64_t)c));
        cli_json_set(object, "train", cli_json_integer((int64_t)of->found->class_counts[0][c]));
        cli_json_set(object, "test", cli_json_integer((int64_t)of->found->class_counts[1][c]));
        cli_json_append(list, object);
    }
    return list;
}

static cli_json *sizes_of(const stria_examination *found)
{
    cli_json *list = cli_json_list();
    for (size_t i = 0; i < found->size_count; i++) {
        cli_json *object = cli_json_object();
        cli_json_set(object, "height", cli_json_integer(found->sizes[i].height));
        cli_json_set(object, "width", cli_json_integer(found->sizes[i].width));
        cli_json_set(object, "count", cli_json_integer((int64_t)found->sizes[i].count));
        cli_json_append(list, object);
    }
    return list;
}

static cli_json *channels_of(const stria_examination *found)
{
    cli_json *list = cli_json_list();
    for (size_t c = 0; c < found->channel_count; c++) {
        const stria_channel_numbers *channel = &found->channels[c];
        cli_json *object = cli_json_object();
        cli_json_set(object, "channel", cli_json_text(channel->name));
        cli_json_set(object, "mean", cli_json_number(channel->mean));
        cli_json_set(object, "deviation", cli_json_number(channel->deviation));
        cli_json_set(object, "lowest", cli_json_number(channel->lowest));
        cli_json_set(object, "highest", cli_json_number(channel->highest));
        cli_json_append(list, object);
    }
    return list;
}

static cli_json *broken_of(const data_subject *of)
{
    cli_json *list = cli_json_list();
    for (size_t i = 0; i < of->found->broken_count; i++) {
        cli_json *object = place_of(of, of->found->broken[i].place);
        cli_json_set(object, "reason", cli_json_text(of->found->broken[i].reason));
        cli_json_append(list, object);
    }
    return list;
}

static cli_json *duplicates_of(const data_subject *of)
{
    cli_json *list = cli_json_list();
    for (size_t g = 0, i = 0; g < of->found->group_count; g++) {
        cli_json *group = cli_json_list();
        for (; i < of->found->group_ends[g]; i++) {
            cli_json_append(group, place_of(of, of->found->duplicates[i]));
        }
        cli_json_append(list, group);
    }
    return list;
}

int data_tell_json(const data_subject *of)
{
    const stria_examination *found = of->found;
    const bool pictures = found->size_count > 0;
    const stria_shape *targets = stria_dataset_target_shape(of->data);
    cli_json *object = cli_json_object(), *counts = cli_json_object();
    cli_json_set(counts, "train", cli_json_integer((int64_t)found->counts[0]));
    cli_json_set(counts, "test", cli_json_integer((int64_t)found->counts[1]));
    cli_json_set(object, "schema", cli_json_text("stria.data/1"));
    cli_json_set(object, "data", cli_json_text(of->name));
    cli_json_set(object, "counts", counts);
    cli_json_set(object, "shape", pictures ? cli_json_null() : cli_json_shape(stria_dataset_shape(of->data)));
    cli_json_set(object, "targets", found->class_count > 0 ? cli_json_null() : cli_json_shape(targets));
    cli_json_set(object, "classes", classes_of(of));
    cli_json_set(object, "sizes", sizes_of(found));
    cli_json_set(object, "modes", names_of("mode", found->modes, found->mode_count));
    cli_json_set(object, "formats", names_of("format", found->formats, found->format_count));
    cli_json_set(object, "channels", channels_of(found));
    cli_json_set(object, "broken", broken_of(of));
    cli_json_set(object, "duplicates", duplicates_of(of));
    cli_json_set(object, "leaking_groups", cli_json_integer((int64_t)found->leaking_groups));
    cli_json_set(object, "conflicting_groups", cli_json_integer((int64_t)found->conflicting_groups));
    return cli_json_print(object);
}
