/* A stand-in for NVIDIA's management library: two GPUs, the second of which supports next to nothing. */
#include <string.h>
#include <unistd.h>

typedef struct { unsigned gpu, memory; } utilisation;
typedef struct { unsigned long long total, free, used; } memory;
typedef struct { unsigned pid; unsigned long long used; unsigned gi, ci; } process;
typedef struct { void *device; unsigned long long type, data; unsigned gi, ci; } event;

enum { SUCCESS = 0, UNINITIALIZED = 1, INVALID = 2, NOT_SUPPORTED = 3, INSUFFICIENT_SIZE = 7, TIMEOUT = 10 };

static int initialised, said;
static char gpus[2];
static int set;

#define FIRST(device) \
    if (!initialised) return UNINITIALIZED; \
    if ((device) != &gpus[0]) return NOT_SUPPORTED;

int nvmlInit_v2(void) { initialised = 1; return SUCCESS; }
int nvmlShutdown(void) { initialised = 0; return SUCCESS; }
int nvmlDeviceGetCount_v2(unsigned *n) { *n = 2; return initialised ? SUCCESS : UNINITIALIZED; }
int nvmlDeviceGetHandleByIndex_v2(unsigned index, void **device) {
    if (index > 1) return INVALID;
    *device = &gpus[index];
    return SUCCESS;
}
int nvmlDeviceGetUtilizationRates(void *d, utilisation *u) { FIRST(d) u->gpu = 87; u->memory = 41; return SUCCESS; }
int nvmlDeviceGetMemoryInfo(void *d, memory *m) {
    if (d == &gpus[1]) { m->total = 2000; m->free = 2000; m->used = 0; return SUCCESS; }
    FIRST(d) m->total = 80000; m->free = 50000; m->used = 30000;
    return SUCCESS;
}
int nvmlDeviceGetPowerUsage(void *d, unsigned *mw) { FIRST(d) *mw = 312500; return SUCCESS; }
int nvmlDeviceGetEnforcedPowerLimit(void *d, unsigned *mw) { FIRST(d) *mw = 700000; return SUCCESS; }
int nvmlDeviceGetTemperature(void *d, unsigned sensor, unsigned *t) { FIRST(d) if (sensor) return INVALID; *t = 64; return SUCCESS; }
int nvmlDeviceGetClockInfo(void *d, unsigned kind, unsigned *mhz) { FIRST(d) *mhz = kind == 1 ? 1755 : kind == 2 ? 2619 : 0; return SUCCESS; }
int nvmlDeviceGetCurrentClocksThrottleReasons(void *d, unsigned long long *r) { FIRST(d) *r = 0x40 | 0x4; return SUCCESS; }
int nvmlDeviceGetTotalEccErrors(void *d, unsigned type, unsigned counter, unsigned long long *n) {
    FIRST(d) if (counter) return INVALID;
    *n = type == 0 ? 12 : 3;
    return SUCCESS;
}
int nvmlDeviceGetRemappedRows(void *d, unsigned *corr, unsigned *unc, unsigned *pending, unsigned *failed) {
    FIRST(d) *corr = 5; *unc = 2; *pending = 1; *failed = 0;
    return SUCCESS;
}
int nvmlDeviceGetComputeRunningProcesses_v3(void *d, unsigned *count, process *list) {
    FIRST(d)
    /* More than a first guess has room for. */
    unsigned n = 40, room = *count;
    *count = n;
    if (room < n) return INSUFFICIENT_SIZE;
    memset(list, 0, n * sizeof *list);
    for (unsigned i = 0; i < n; i++) { list[i].pid = 4000000 + i; list[i].used = 7; }
    list[39].pid = getpid();
    list[39].used = 4096;
    return SUCCESS;
}
int nvmlEventSetCreate(void **s) { *s = &set; return SUCCESS; }
int nvmlEventSetFree(void *s) { return s == &set ? SUCCESS : INVALID; }
int nvmlDeviceRegisterEvents(void *d, unsigned long long types, void *s) { FIRST(d) return s == &set && types == 8 ? SUCCESS : INVALID; }
int nvmlEventSetWait_v2(void *s, event *e, unsigned timeout) {
    if (s != &set || timeout != 0) return INVALID;
    if (said == 2) return TIMEOUT;
    e->device = &gpus[0];
    e->type = 8;
    e->data = said++ == 0 ? 79 : 31;
    return SUCCESS;
}
