//go:build !purego

#include "textflag.h"

// The SHA instructions keep a state as ABEF and CDGH, and so do the lanes: nothing is
// turned round between two compressions. Of the message block that each of them hashes,
// the first 8 words are a digest, and the last 8 the padding of 96 bytes, which is the
// same for all: its sums with the constants of the rounds are in the table.

// k<> has the 64 constants of SHA-256; those of the rounds 8 to 15 with the padding added.
// The first eight are in the order 0 1 4 5 2 3 6 7, in which DIGEST has the words.
DATA k<>+0x00(SB)/8, $0x71374491428a2f98
DATA k<>+0x08(SB)/8, $0x59f111f13956c25b
DATA k<>+0x10(SB)/8, $0xe9b5dba5b5c0fbcf
DATA k<>+0x18(SB)/8, $0xab1c5ed5923f82a4
DATA k<>+0x20(SB)/8, $0x12835b015807aa98
DATA k<>+0x28(SB)/8, $0x550c7dc3243185be
DATA k<>+0x30(SB)/8, $0x80deb1fe72be5d74
DATA k<>+0x38(SB)/8, $0xc19bf4749bdc06a7
DATA k<>+0x40(SB)/8, $0xefbe4786e49b69c1
DATA k<>+0x48(SB)/8, $0x240ca1cc0fc19dc6
DATA k<>+0x50(SB)/8, $0x4a7484aa2de92c6f
DATA k<>+0x58(SB)/8, $0x76f988da5cb0a9dc
DATA k<>+0x60(SB)/8, $0xa831c66d983e5152
DATA k<>+0x68(SB)/8, $0xbf597fc7b00327c8
DATA k<>+0x70(SB)/8, $0xd5a79147c6e00bf3
DATA k<>+0x78(SB)/8, $0x1429296706ca6351
DATA k<>+0x80(SB)/8, $0x2e1b213827b70a85
DATA k<>+0x88(SB)/8, $0x53380d134d2c6dfc
DATA k<>+0x90(SB)/8, $0x766a0abb650a7354
DATA k<>+0x98(SB)/8, $0x92722c8581c2c92e
DATA k<>+0xa0(SB)/8, $0xa81a664ba2bfe8a1
DATA k<>+0xa8(SB)/8, $0xc76c51a3c24b8b70
DATA k<>+0xb0(SB)/8, $0xd6990624d192e819
DATA k<>+0xb8(SB)/8, $0x106aa070f40e3585
DATA k<>+0xc0(SB)/8, $0x1e376c0819a4c116
DATA k<>+0xc8(SB)/8, $0x34b0bcb52748774c
DATA k<>+0xd0(SB)/8, $0x4ed8aa4a391c0cb3
DATA k<>+0xd8(SB)/8, $0x682e6ff35b9cca4f
DATA k<>+0xe0(SB)/8, $0x78a5636f748f82ee
DATA k<>+0xe8(SB)/8, $0x8cc7020884c87814
DATA k<>+0xf0(SB)/8, $0xa4506ceb90befffa
DATA k<>+0xf8(SB)/8, $0xc67178f2bef9a3f7
GLOBL k<>(SB), RODATA|NOPTR, $256

// pad<> is the padding: the words 8 to 15 of each block.
DATA pad<>+0x00(SB)/8, $0x0000000080000000
DATA pad<>+0x08(SB)/8, $0x0000000000000000
DATA pad<>+0x10(SB)/8, $0x0000000000000000
DATA pad<>+0x18(SB)/8, $0x0000030000000000
GLOBL pad<>(SB), RODATA|NOPTR, $32

// Where the parts of a lane are.
#define INNER 0
#define OUTER 32
#define LAST 64
#define SUM 96

// FOUR does four rounds; X0 has the words with the constants added.
#define FOUR(s0, s1) \
	SHA256RNDS2 X0, s0, s1    \
	PSHUFD      $0x0e, X0, X0 \
	SHA256RNDS2 X0, s1, s0

// START does the rounds 4i to 4i+3 of the words w and expands nothing.
#define START(i, s0, s1, w) \
	MOVO  w, X0          \
	PADDD (i*16)(AX), X0 \
	FOUR(s0, s1)

// NEXT does the rounds 4i to 4i+3 of the words w, and finishes the words that follow.
#define NEXT(i, s0, s1, w, before, after, t) \
	MOVO        w, X0          \
	MOVO        w, t           \
	PADDD       (i*16)(AX), X0 \
	SHA256RNDS2 X0, s0, s1     \
	PALIGNR     $4, before, t  \
	PADDD       t, after       \
	PSHUFD      $0x0e, X0, X0  \
	SHA256MSG2  w, after       \
	SHA256RNDS2 X0, s1, s0

// COMPRESSONE does the 64 rounds of one lane. The words 8 to 11 of the padding are what
// SHA256MSG1 would make of them.
#define COMPRESSONE \
	MOVO        X7, X0                  \
	SHA256RNDS2 X0, X1, X2              \
	MOVO        X5, X0                  \
	SHA256RNDS2 X0, X2, X1              \
	PSHUFD      $0x0e, X7, X0           \
	SHA256RNDS2 X0, X1, X2              \
	PSHUFD      $0x0e, X5, X0           \
	SHA256RNDS2 X0, X2, X1              \
	SHA256MSG1  X4, X3                  \
	MOVOA       32(AX), X0              \
	MOVOA       (BX), X5                \
	MOVOA       16(BX), X6              \
	SHA256MSG1  X5, X4                  \
	FOUR(X1, X2)                     \
	SHA256MSG2  X6, X3                  \
	MOVOA       48(AX), X0              \
	FOUR(X1, X2)                     \
	NEXT(4, X1, X2, X3, X6, X4, X7) \
	SHA256MSG1  X3, X6                  \
	NEXT(5, X1, X2, X4, X3, X5, X7) \
	SHA256MSG1  X4, X3                  \
	NEXT(6, X1, X2, X5, X4, X6, X7) \
	SHA256MSG1  X5, X4                  \
	NEXT(7, X1, X2, X6, X5, X3, X7) \
	SHA256MSG1  X6, X5                  \
	NEXT(8, X1, X2, X3, X6, X4, X7) \
	SHA256MSG1  X3, X6                  \
	NEXT(9, X1, X2, X4, X3, X5, X7) \
	SHA256MSG1  X4, X3                  \
	NEXT(10, X1, X2, X5, X4, X6, X7) \
	SHA256MSG1  X5, X4                  \
	NEXT(11, X1, X2, X6, X5, X3, X7) \
	SHA256MSG1  X6, X5                  \
	NEXT(12, X1, X2, X3, X6, X4, X7) \
	SHA256MSG1  X3, X6                  \
	NEXT(13, X1, X2, X4, X3, X5, X7) \
	NEXT(14, X1, X2, X5, X4, X6, X7) \
	START(15, X1, X2, X6)

// TWO does four rounds of both lanes in turn: while one waits for its result, the other
// computes. X7 and X14 have the words with the constants added.
#define TWO \
	MOVO        X7, X0         \
	SHA256RNDS2 X0, X1, X2     \
	MOVO        X14, X0        \
	SHA256RNDS2 X0, X8, X9     \
	PSHUFD      $0x0e, X7, X0  \
	SHA256RNDS2 X0, X2, X1     \
	PSHUFD      $0x0e, X14, X0 \
	SHA256RNDS2 X0, X9, X8

// WORDS prepares X7 and X14 for the rounds 4i to 4i+3 of the words v and w.
#define WORDS(i, v, w) \
	MOVO  v, X7          \
	MOVO  w, X14         \
	PADDD (i*16)(AX), X7 \
	PADDD (i*16)(AX), X14

// NEXTTWO is NEXT for both lanes. The order of the instructions was found by measuring.
#define NEXTTWO(i, v, vbefore, vafter, w, wbefore, wafter) \
	WORDS(i, v, w)            \
	MOVO        v, X15           \
	PALIGNR     $4, vbefore, X15 \
	PADDD       X15, vafter      \
	MOVO        X7, X0           \
	SHA256RNDS2 X0, X1, X2       \
	SHA256MSG2  v, vafter        \
	MOVO        w, X15           \
	PALIGNR     $4, wbefore, X15 \
	PADDD       X15, wafter      \
	MOVO        X14, X0          \
	SHA256RNDS2 X0, X8, X9       \
	PSHUFD      $0x0e, X7, X0    \
	SHA256RNDS2 X0, X2, X1       \
	PSHUFD      $0x0e, X14, X0   \
	SHA256RNDS2 X0, X9, X8       \
	SHA256MSG2  w, wafter

// COMPRESSTWO does the 64 rounds of both lanes.
#define COMPRESSTWO \
	MOVO        X7, X0                     \
	SHA256RNDS2 X0, X1, X2                 \
	MOVO        X14, X0                    \
	SHA256RNDS2 X0, X8, X9                 \
	MOVO        X5, X0                     \
	SHA256RNDS2 X0, X2, X1                 \
	MOVO        X12, X0                    \
	SHA256RNDS2 X0, X9, X8                 \
	PSHUFD      $0x0e, X7, X0              \
	SHA256RNDS2 X0, X1, X2                 \
	PSHUFD      $0x0e, X14, X0             \
	SHA256RNDS2 X0, X8, X9                 \
	PSHUFD      $0x0e, X5, X0              \
	SHA256RNDS2 X0, X2, X1                 \
	PSHUFD      $0x0e, X12, X0             \
	SHA256RNDS2 X0, X9, X8                 \
	SHA256MSG1  X4, X3                     \
	SHA256MSG1  X11, X10                   \
	MOVOA       32(AX), X7                 \
	MOVO        X7, X14                    \
	TWO                                    \
	MOVOA       (BX), X5                   \
	MOVOA       16(BX), X6                 \
	SHA256MSG1  X5, X4                     \
	SHA256MSG2  X6, X3                     \
	MOVOA       (BX), X12                  \
	MOVOA       16(BX), X13                \
	SHA256MSG1  X12, X11                   \
	SHA256MSG2  X13, X10                   \
	MOVOA       48(AX), X7                 \
	MOVO        X7, X14                    \
	TWO                                    \
	NEXTTWO(4, X3, X6, X4, X10, X13, X11) \
	SHA256MSG1  X3, X6                     \
	SHA256MSG1  X10, X13                   \
	NEXTTWO(5, X4, X3, X5, X11, X10, X12) \
	SHA256MSG1  X4, X3                     \
	SHA256MSG1  X11, X10                   \
	NEXTTWO(6, X5, X4, X6, X12, X11, X13) \
	SHA256MSG1  X5, X4                     \
	SHA256MSG1  X12, X11                   \
	NEXTTWO(7, X6, X5, X3, X13, X12, X10) \
	SHA256MSG1  X6, X5                     \
	SHA256MSG1  X13, X12                   \
	NEXTTWO(8, X3, X6, X4, X10, X13, X11) \
	SHA256MSG1  X3, X6                     \
	SHA256MSG1  X10, X13                   \
	NEXTTWO(9, X4, X3, X5, X11, X10, X12) \
	SHA256MSG1  X4, X3                     \
	SHA256MSG1  X11, X10                   \
	NEXTTWO(10, X5, X4, X6, X12, X11, X13) \
	SHA256MSG1  X5, X4                     \
	SHA256MSG1  X12, X11                   \
	NEXTTWO(11, X6, X5, X3, X13, X12, X10) \
	SHA256MSG1  X6, X5                     \
	SHA256MSG1  X13, X12                   \
	NEXTTWO(12, X3, X6, X4, X10, X13, X11) \
	SHA256MSG1  X3, X6                     \
	SHA256MSG1  X10, X13                   \
	NEXTTWO(13, X4, X3, X5, X11, X10, X12) \
	NEXTTWO(14, X5, X4, X6, X12, X11, X13) \
	WORDS(15, X6, X13)                   \
	TWO

// DIGEST makes the digest s0, s1 the first words of the next block, m0 and m1. Of the first
// rounds, t has the words 0 1 4 5, and m2 the words 2 3 6 7, with the constants added.
#define DIGEST(s0, s1, m0, m1, m2, t) \
	PSHUFD     $0x1b, s0, m0 \
	PSHUFD     $0x1b, s1, s1 \
	MOVO       m0, t         \
	MOVO       s1, m2        \
	PADDD      (AX), t       \
	PADDD      16(AX), m2    \
	MOVO       m0, m1        \
	PUNPCKLQDQ s1, m0        \
	PUNPCKHQDQ s1, m1

// ADD ends a compression: the state that it began with, from the lane, is added.
#define ADD(part, lane, s0, s1, t) \
	MOVOU part(lane), t      \
	PADDD t, s0              \
	MOVOU (part+16)(lane), t \
	PADDD t, s1

#define LOAD(part, lane, s0, s1) \
	MOVOU part(lane), s0 \
	MOVOU (part+16)(lane), s1

#define STORE(part, lane, s0, s1) \
	MOVOU s0, part(lane) \
	MOVOU s1, (part+16)(lane)

// XORSUM adds the digest to the sum of the lane.
#define XORSUM(lane, s0, s1, t0, t1) \
	LOAD(SUM,  lane, t0, t1) \
	PXOR       s0, t0        \
	PXOR       s1, t1        \
	STORE(SUM, lane, t0, t1)

// func iterate1(a *lane, n int)
TEXT ·iterate1(SB), NOSPLIT, $0-16
	MOVQ a+0(FP), DI
	MOVQ n+8(FP), CX
	LEAQ k<>(SB), AX
	LEAQ pad<>(SB), BX
	LOAD(LAST, DI, X1, X2)
	LOAD(INNER, DI, X8, X9)
	LOAD(OUTER, DI, X10, X11)
	LOAD(SUM, DI, X12, X13)

one:
	DIGEST(X1, X2, X3, X4, X5, X7)
	MOVO  X8, X1
	MOVO  X9, X2
	COMPRESSONE
	PADDD X8, X1
	PADDD X9, X2
	DIGEST(X1, X2, X3, X4, X5, X7)
	MOVO  X10, X1
	MOVO  X11, X2
	COMPRESSONE
	PADDD X10, X1
	PADDD X11, X2
	PXOR  X1, X12
	PXOR  X2, X13
	DECQ  CX
	JNZ   one

	STORE(LAST, DI, X1, X2)
	STORE(SUM, DI, X12, X13)
	RET

// func iterate2(a, b *lane, n int)
TEXT ·iterate2(SB), NOSPLIT, $0-24
	MOVQ a+0(FP), DI
	MOVQ b+8(FP), SI
	MOVQ n+16(FP), CX
	LEAQ k<>(SB), AX
	LEAQ pad<>(SB), BX
	LOAD(LAST, DI, X1, X2)
	LOAD(LAST, SI, X8, X9)

two:
	DIGEST(X1, X2, X3, X4, X5, X7)
	DIGEST(X8, X9, X10, X11, X12, X14)
	LOAD(INNER, DI, X1, X2)
	LOAD(INNER, SI, X8, X9)
	COMPRESSTWO
	ADD(INNER, DI, X1, X2, X7)
	ADD(INNER, SI, X8, X9, X14)
	DIGEST(X1, X2, X3, X4, X5, X7)
	DIGEST(X8, X9, X10, X11, X12, X14)
	LOAD(OUTER, DI, X1, X2)
	LOAD(OUTER, SI, X8, X9)
	COMPRESSTWO
	ADD(OUTER, DI, X1, X2, X7)
	ADD(OUTER, SI, X8, X9, X14)
	XORSUM(DI, X1, X2, X6, X7)
	XORSUM(SI, X8, X9, X13, X14)
	DECQ  CX
	JNZ   two

	STORE(LAST, DI, X1, X2)
	STORE(LAST, SI, X8, X9)
	RET

// func cpuid(leaf, sub uint32) (eax, ebx, ecx, edx uint32)
TEXT ·cpuid(SB), NOSPLIT, $0-24
	MOVL leaf+0(FP), AX
	MOVL sub+4(FP), CX
	CPUID
	MOVL AX, eax+8(FP)
	MOVL BX, ebx+12(FP)
	MOVL CX, ecx+16(FP)
	MOVL DX, edx+20(FP)
	RET
