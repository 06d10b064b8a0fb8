/* Marks for callgrind: what is between `start` and `stop` is counted, and written down with a name. */

#include <valgrind/callgrind.h>

void start(void) {
    CALLGRIND_START_INSTRUMENTATION;
    CALLGRIND_ZERO_STATS;
}

void stop(const char *name) {
    CALLGRIND_DUMP_STATS_AT(name);
    CALLGRIND_STOP_INSTRUMENTATION;
}

/* 1 inside valgrind: outside of it the marks do nothing. */
int counted(void) { return RUNNING_ON_VALGRIND != 0; }
