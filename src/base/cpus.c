/* How many CPUs this process may use: the affinity mask where there is one (taskset, containers), else all of
 * them. */
#if defined(__linux__) && !defined(_GNU_SOURCE)
#    define _GNU_SOURCE /* sched_getaffinity */
#endif
#include <sched.h>
#include <unistd.h>

#include "base/context.h"

int stria_cpus_allowed(void)
{
#if defined(__linux__)
    /* The kernel refuses a mask that is smaller than its own: 32 times the usual one is above any kernel's
     * limit. */
    cpu_set_t mask[32];
    if (sched_getaffinity(0, sizeof mask, mask) == 0) {
        int count = CPU_COUNT_S(sizeof mask, mask);
        if (count > 0)
            return count;
    }
#endif
    long online = sysconf(_SC_NPROCESSORS_ONLN);
    return online > 0 ? (int)online : 1;
}
