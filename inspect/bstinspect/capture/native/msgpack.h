/* The bit of msgpack that records need (https://github.com/msgpack/msgpack/blob/master/spec.md). */

#ifndef BSTRACE_MSGPACK_H
#define BSTRACE_MSGPACK_H

#include <stdint.h>
#include <string.h>

static uint8_t *put_big(uint8_t *at, uint64_t value, int bytes) {
    for (int shift = (bytes - 1) * 8; shift >= 0; shift -= 8)
        *at++ = (uint8_t)(value >> shift);
    return at;
}

static uint8_t *put_unsigned(uint8_t *at, uint64_t value) {
    if (value < 0x80)
        *at++ = (uint8_t)value;
    else if (value <= 0xff)
        *at++ = 0xcc, *at++ = (uint8_t)value;
    else if (value <= 0xffff)
        *at++ = 0xcd, at = put_big(at, value, 2);
    else if (value <= 0xffffffff)
        *at++ = 0xce, at = put_big(at, value, 4);
    else
        *at++ = 0xcf, at = put_big(at, value, 8);
    return at;
}

static uint8_t *put_signed(uint8_t *at, int64_t value) {
    if (value >= 0)
        return put_unsigned(at, (uint64_t)value);
    if (value >= -32)
        *at++ = (uint8_t)value;
    else if (value >= INT16_MIN)
        *at++ = 0xd1, at = put_big(at, (uint64_t)value, 2);
    else
        *at++ = 0xd3, at = put_big(at, (uint64_t)value, 8);
    return at;
}

static uint8_t *put_bytes(uint8_t *at, const uint8_t *data, uint64_t size) {
    if (size <= 0xff)
        *at++ = 0xc4, *at++ = (uint8_t)size;
    else if (size <= 0xffff)
        *at++ = 0xc5, at = put_big(at, size, 2);
    else
        *at++ = 0xc6, at = put_big(at, size, 4);
    memcpy(at, data, size);
    return at + size;
}

static uint8_t *put_array(uint8_t *at, uint32_t count) {
    *at++ = (uint8_t)(0x90 | count); /* never more than 15 */
    return at;
}

#endif
