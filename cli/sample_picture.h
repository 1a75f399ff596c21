/* The sample photographs, which the command knows by name once scripts/sample-pictures has got them. */
#ifndef CLI_SAMPLE_PICTURE_H
#define CLI_SAMPLE_PICTURE_H

/* Writes the path of the picture called `name` to *path, for free(): a sample photograph's where `name` is one's
 * ("temple", "flower", "brick", "grass", "gravel") and no file, else the name itself. Returns CLI_DONE, or prints
 * that the photograph is missing and how to get it. */
int cli_find_picture(const char *name, char **path);

#endif
