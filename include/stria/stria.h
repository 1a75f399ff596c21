/* Stria: convolutional networks in C. This header pulls in the whole public interface.
 *
 *     stria_error err = {0};
 *     stria_context *context = NULL;
 *     stria_model *model = NULL;
 *     stria_dataset *data = NULL;
 *     if (stria_context_create(&context, NULL, &err) != STRIA_OK ||
 *         stria_model_load(&model, context, "lenet5.stria", NULL, &err) != STRIA_OK ||
 *         stria_dataset_open(&data, context, "fashion-mnist", &err) != STRIA_OK ||
 *         stria_train(model, data, &(stria_train_options){.epochs = 5}, NULL, &err) != STRIA_OK ||
 *         stria_model_save(model, "lenet5.safetensors", &err) != STRIA_OK)
 *         fprintf(stderr, "%s\n", err.message);
 *     stria_dataset_free(data);
 *     stria_model_free(model);
 *     stria_context_free(context);
 */
#ifndef STRIA_STRIA_H
#define STRIA_STRIA_H

#include <stria/attribution.h>
#include <stria/bench.h>
#include <stria/build.h>
#include <stria/build_layers.h>
#include <stria/context.h>
#include <stria/data.h>
#include <stria/error.h>
#include <stria/examine.h>
#include <stria/explain.h>
#include <stria/figure.h>
#include <stria/gallery.h>
#include <stria/inspect.h>
#include <stria/layers.h>
#include <stria/lint.h>
#include <stria/model.h>
#include <stria/picture.h>
#include <stria/pixel.h>
#include <stria/plan.h>
#include <stria/report.h>
#include <stria/shape.h>
#include <stria/sheet.h>
#include <stria/stimulus.h>
#include <stria/train.h>
#include <stria/version.h>

#endif
