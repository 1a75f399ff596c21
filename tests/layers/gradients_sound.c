/* Gradient cases and refusals of spectrograms. */
#include "gradient_cases.h"

static const stria_gradient_case cases[] = {
    {"input 4x2\nstft_spectrogram log frame_length=4 window=none", 1, NORMAL, NULL},
    {"input 7x1\nstft_spectrogram magnitude frame_length=4 frame_step=3 padding=same window=hamming", 1, NORMAL, NULL},
    {"input 9x2\nstft_spectrogram psd frame_length=5 fft_length=5 expand_dims", 1, NORMAL, NULL},
    {"input 11x1\nstft_spectrogram real frame_length=6 fft_length=12 window=none", 1, NORMAL, NULL},
    {"input 11x1\nstft_spectrogram imag frame_length=6 fft_length=10 window=hamming periodic", 1, NORMAL,
     NULL},
    {"input 9x2\nstft_spectrogram stft frame_length=4 window=blackman scaling=spectrum", 2, NORMAL, NULL},
    {"input 9x2\nstft_spectrogram stft frame_length=4 expand_dims scaling=none", 2, NORMAL, NULL},
    {"input 2x1\nstft_spectrogram psd frame_length=2 frame_step=1 window=bartlett scaling=none periodic", 1,
     NORMAL, NULL},
    {"input 1x1\nstft_spectrogram psd frame_length=3 padding=same", 1, NORMAL, NULL},
    {"input 6x1\nrescaling 0.1\nstft_spectrogram angle frame_length=6 window=none", 1, NORMAL, NULL},
    {"input 40\nmel_spectrogram fft_length=16 sequence_stride=9 num_mel_bins=5", 2, NORMAL, NULL},
    {"input 30\nmel_spectrogram fft_length=15 sequence_length=10 sequence_stride=7 num_mel_bins=3 "
     "power_to_db=no min_freq=0",
     2, NORMAL, NULL},
    {"input 40\nmel_spectrogram fft_length=16 sequence_stride=9 num_mel_bins=4 mag_exp=1 top_db=3 "
     "ref_power=2 "
     "window=hamming",
     2, NORMAL, NULL},
    {"input 2\nmel_spectrogram fft_length=2 sequence_stride=1 num_mel_bins=1 power_to_db=no", 1, NORMAL,
     NULL},
};

static const stria_refusal refusals[] = {
    {"stft_spectrogram", "input 20\nstft_spectrogram", STRIA_ERROR_SHAPE, "signals of length x channels"},
    {"stft_spectrogram", "input 20x1\nstft_spectrogram", STRIA_ERROR_SHAPE,
     "input 20 - frame_length 256 + 1 = -235"},
    {"stft_spectrogram", "input 20x1\nstft_spectrogram frame_length=8 frame_step=9", STRIA_ERROR_VALUE,
     "frame_step 9 is above"},
    {"stft_spectrogram", "input 20x1\nstft_spectrogram frame_length=8 fft_length=4", STRIA_ERROR_VALUE,
     "fft_length 4 is below"},
    {"stft_spectrogram", "input 20x1\nstft_spectrogram frame_length=8 padding=1", STRIA_ERROR_VALUE,
     "valid or same"},
    {"stft_spectrogram", "input 20x1\nstft_spectrogram frame_length=8 mode=loud", STRIA_ERROR_SYNTAX, "loud"},
    {"mel_spectrogram", "input 4000x1\nmel_spectrogram", STRIA_ERROR_SHAPE, "one size"},
    {"mel_spectrogram", "input 1024\nmel_spectrogram", STRIA_ERROR_SHAPE, "half of fft_length 2048"},
    {"mel_spectrogram", "input 4000\nmel_spectrogram sequence_length=4096", STRIA_ERROR_VALUE,
     "above fft_length"},
    {"mel_spectrogram", "input 4000\nmel_spectrogram min_freq=9000", STRIA_ERROR_VALUE,
     "not below max_freq 8000"},
};

const stria_gradient_family stria_gradients_sound = {STRIA_GRADIENT_LIST(cases),
                                                     STRIA_REFUSAL_LIST(refusals)};
