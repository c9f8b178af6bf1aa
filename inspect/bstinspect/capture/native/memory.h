/* A tracee's memory: what the steps of a plan ask for, by one process_vm_readv(2). */

#ifndef BSTRACE_MEMORY_H
#define BSTRACE_MEMORY_H

#include <stdint.h>
#include <string.h>
#include <sys/uio.h>

#include "model.h"

static uint8_t scratch[SCRATCH];

static int64_t read_at_once(int tid, uint64_t address, uint8_t *to, uint64_t size) {
    struct iovec local = {to, size}, remote = {(void *)address, size};
    ssize_t got = process_vm_readv(tid, &local, 1, &remote, 1, 0);
    return got < 0 ? 0 : got;
}

/* As many bytes as there are, as linux/memory.py reads them. */
static uint64_t read_memory(int tid, uint64_t address, uint8_t *to, uint64_t size) {
    uint64_t got = (uint64_t)read_at_once(tid, address, to, size);
    if (got || address / PAGE == (address + size - 1) / PAGE)
        return got;
    while (size) {
        uint64_t part = PAGE - address % PAGE;
        if (part > size)
            part = size;
        uint64_t piece = (uint64_t)read_at_once(tid, address, to + got, part);
        got += piece;
        if (piece < part)
            break;
        address += part, size -= part;
    }
    return got;
}

/* A C string with its NUL; `*wanted` is as in records.Block: its length, or `MAX_STRING` where it was cut. */
static uint64_t rest_of_string(int tid, uint64_t address, uint8_t *to, uint64_t got, uint64_t asked,
                               uint64_t *wanted) {
    *wanted = MAX_STRING;
    for (uint64_t fresh = 0;;) {
        uint8_t *end = memchr(to + fresh, 0, got - fresh);
        if (end)
            return *wanted = (uint64_t)(end - to) + 1;
        if (got < asked || got >= MAX_STRING)
            return got;
        fresh = got;
        uint64_t piece = PAGE - (address + got) % PAGE;
        if (piece > MAX_STRING - got)
            piece = MAX_STRING - got;
        asked = got + piece;
        got += read_memory(tid, address + got, to + got, piece);
    }
}

struct piece {
    uint64_t address, size, got, wanted;
    uint8_t *data;
    int text;
};

/* What the steps of a plan ask for; returns how many pieces. */
static int plan_pieces(const struct plan *plan, const uint64_t *arguments, int64_t value, struct piece *pieces) {
    int count = 0;
    for (uint32_t i = 0; i < plan->count; i++) {
        const struct step *step = &plan->steps[i];
        uint64_t address = arguments[step->index], size = step->most;
        if (step->kind == TEXT) {
            size = PAGE - address % PAGE;
            if (size > FIRST_PIECE)
                size = FIRST_PIECE;
        } else if (step->kind == SIZED) {
            size = (arguments[step->size_index] & 0xffffffff) * step->item;
        } else if (step->kind == BUFFERED) {
            size = arguments[step->size_index];
        } else if (step->kind == FILLED) {
            if (value <= 0)
                continue;
            size = (uint64_t)value > step->most ? step->most : (uint64_t)value;
            size *= step->item;
        }
        if (step->kind == CHOSEN) {
            uint64_t value = arguments[step->size_index] & step->item;
            if (address < PAGE || !(step->choices >> (value < 63 ? value : 63) & 1))
                continue;
        }
        if (step->kind != FILLED && step->kind != TEXT && size > step->most)
            size = step->most;
        if (!address || !size)
            continue;
        pieces[count++] = (struct piece){address, size, 0, size, NULL, step->kind == TEXT};
    }
    return count;
}

/* Read all pieces by one process_vm_readv; where that comes short, each by itself. */
static void read_pieces(int tid, struct piece *pieces, int count) {
    struct iovec local, remote[STEPS];
    uint8_t *to = scratch;
    uint64_t total = 0;
    for (int i = 0; i < count; i++) {
        if (~pieces[i].address < pieces[i].size - 1) /* over the end of the address space */
            pieces[i].size = ~pieces[i].address + 1;
        remote[i] = (struct iovec){(void *)pieces[i].address, pieces[i].size};
        total += pieces[i].size;
    }
    local = (struct iovec){to, total};
    int whole = process_vm_readv(tid, &local, 1, remote, (unsigned long)count, 0) == (ssize_t)total;
    for (int i = 0; i < count; i++) {
        struct piece *piece = &pieces[i];
        piece->data = to;
        piece->got = whole ? piece->size : 0;
        to += piece->size;
    }
    for (int i = 0; i < count; i++) {
        struct piece *piece = &pieces[i];
        if (!whole)
            piece->got = read_memory(tid, piece->address, piece->data, piece->size);
        if (piece->text) {
            if (!memchr(piece->data, 0, piece->got)) { /* it goes on: elsewhere there is room for all of it */
                memcpy(to, piece->data, piece->got);
                piece->data = to;
                to += MAX_STRING;
            }
            piece->got = rest_of_string(tid, piece->address, piece->data, piece->got, piece->size, &piece->wanted);
        }
    }
}

#endif
