/* A plugin of qemu-user that counts the instructions of each stage. Arguments: map=FILE and out=FILE.
 *
 * The map begins with the address at which the program's code lies in its file. Each other line says
 * which stage the code between two addresses belongs to: "START END STAGE", STAGE from 1 on. Code that
 * the map does not have belongs to the stage whose code its thread ran last; before there was any, to
 * stage 0. "START START STAGE" is a mark: each time that the instruction at START runs, what its thread
 * has run in each stage is written down.
 *
 * Written at the end: "mark ADDRESS INSTRUCTIONS..." by stages, in their order, and
 * "code STAGE ADDRESS INSTRUCTIONS".
 */
#include <inttypes.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What of QEMU's interface for plugins is used. QEMU_API is its version. */
struct qemu_plugin_tb;
struct qemu_plugin_insn;
typedef uint64_t plugin_id;
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *, size_t);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *);
uint64_t qemu_plugin_start_code(void);
void qemu_plugin_register_vcpu_tb_trans_cb(plugin_id, void (*)(plugin_id, struct qemu_plugin_tb *));
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *, void (*)(unsigned, void *), int, void *);
void qemu_plugin_register_atexit_cb(plugin_id, void (*)(plugin_id, void *), void *);
__attribute__((visibility("default"))) int qemu_plugin_version = QEMU_API;

enum { STAGES = 16, THREADS = 64, MARKS = 8, KEEP = -1 };

/* Code of one stage, ascending. */
static struct range {
    uint64_t start, end;
    int stage;
} *ranges;
static size_t range_count;
static uint64_t marks[MARKS];
static int mark_count;
static uint64_t text;
/* Threads that reach marks at once. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static FILE *written;

/* Instructions that run one after the other, of one stage. A stage has one thread, so that only
 * stage 0 can lose a count to another thread. */
struct piece {
    struct piece *next;
    uint64_t address;
    int stage, length;
    bool is_mark;
    uint64_t counts[STAGES];
};
static struct piece *pieces;

static struct thread {
    int stage;
    uint64_t counts[STAGES];
} threads[THREADS];

static int stage_of(uint64_t address)
{
    size_t low = 0, high = range_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (ranges[middle].end <= address)
            low = middle + 1;
        else
            high = middle;
    }
    return low < range_count && ranges[low].start <= address ? ranges[low].stage : KEEP;
}

static bool is_mark(uint64_t address)
{
    for (int i = 0; i < mark_count; i++)
        if (marks[i] == address)
            return true;
    return false;
}

static void write_mark(uint64_t address, const struct thread *thread)
{
    pthread_mutex_lock(&lock);
    fprintf(written, "mark %#" PRIx64, address);
    for (int stage = 0; stage < STAGES; stage++)
        fprintf(written, " %" PRIu64, thread->counts[stage]);
    fprintf(written, "\n");
    pthread_mutex_unlock(&lock);
}

static void run(unsigned number, void *data)
{
    struct piece *piece = data;
    struct thread *thread = &threads[number % THREADS];
    if (piece->is_mark)
        write_mark(piece->address, thread);
    if (piece->stage != KEEP)
        thread->stage = piece->stage;
    thread->counts[thread->stage] += piece->length;
    piece->counts[thread->stage] += piece->length;
}

/* QEMU translates one block at a time. */
static void translated(plugin_id id, struct qemu_plugin_tb *block)
{
    struct piece *piece = NULL;
    (void)id;
    for (size_t i = 0; i < qemu_plugin_tb_n_insns(block); i++) {
        struct qemu_plugin_insn *instruction = qemu_plugin_tb_get_insn(block, i);
        uint64_t address = qemu_plugin_insn_vaddr(instruction) - qemu_plugin_start_code() + text;
        int stage = stage_of(address);
        bool mark = is_mark(address);
        if (piece && piece->stage == stage && !mark) {
            piece->length++;
            continue;
        }
        piece = calloc(1, sizeof *piece);
        if (!piece)
            abort();
        *piece = (struct piece){.next = pieces, .address = address, .stage = stage, .length = 1, .is_mark = mark};
        pieces = piece;
        qemu_plugin_register_vcpu_insn_exec_cb(instruction, run, 0, piece);
    }
}

static void ended(plugin_id id, void *data)
{
    (void)id, (void)data;
    for (struct piece *piece = pieces; piece; piece = piece->next)
        for (int stage = 0; stage < STAGES; stage++)
            if (piece->counts[stage])
                fprintf(written, "code %d %#" PRIx64 " %" PRIu64 "\n", stage, piece->address, piece->counts[stage]);
    fclose(written);
}

static bool read_map(const char *name)
{
    FILE *file = fopen(name, "r");
    if (!file || fscanf(file, "%" SCNx64, &text) != 1)
        return false;
    struct range range;
    while (fscanf(file, "%" SCNx64 " %" SCNx64 " %d", &range.start, &range.end, &range.stage) == 3) {
        if (range.start == range.end && mark_count < MARKS) {
            marks[mark_count++] = range.start;
            continue;
        }
        ranges = realloc(ranges, (range_count + 1) * sizeof range);
        if (!ranges || range.stage < 1 || range.stage >= STAGES)
            return false;
        ranges[range_count++] = range;
    }
    fclose(file);
    return range_count > 0;
}

__attribute__((visibility("default"))) int qemu_plugin_install(plugin_id id, const void *info, int argc, char **argv)
{
    bool mapped = false;
    const char *out = NULL;
    (void)info;
    for (int i = 0; i < argc; i++) {
        if (strncmp(argv[i], "map=", 4) == 0)
            mapped = read_map(argv[i] + 4);
        else if (strncmp(argv[i], "out=", 4) == 0)
            out = argv[i] + 4;
    }
    written = out ? fopen(out, "w") : NULL;
    if (!mapped || !written) {
        fprintf(stderr, "stages: map=FILE cannot be read or out=FILE cannot be written\n");
        return 1;
    }
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
    qemu_plugin_register_atexit_cb(id, ended, NULL);
    return 0;
}
