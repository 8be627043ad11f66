//go:build !purego

#include "textflag.h"

// k<> has the 64 constants of SHA-256; those of the rounds 8 to 15 with the padding added:
// of the message block that each compression hashes, the first 8 words are a digest, and the
// last 8 the padding of 96 bytes, which is pad<>.
DATA k<>+0x00(SB)/8, $0x71374491428a2f98
DATA k<>+0x08(SB)/8, $0xe9b5dba5b5c0fbcf
DATA k<>+0x10(SB)/8, $0x59f111f13956c25b
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

DATA pad<>+0x00(SB)/8, $0x0000000080000000
DATA pad<>+0x08(SB)/8, $0x0000000000000000
DATA pad<>+0x10(SB)/8, $0x0000000000000000
DATA pad<>+0x18(SB)/8, $0x0000030000000000
GLOBL pad<>(SB), RODATA|NOPTR, $32

// FOUR does four rounds of the state s0, s1; t has the words with the constants added.
#define FOUR(s0, s1, old, t) \
	VMOV      s0.B16, old.B16 \
	SHA256H   t.S4, s1, s0    \
	SHA256H2  t.S4, old, s1

// The rounds 4i to 4i+3 of one lane and the words that come later: SU0 begins them and SU1
// finishes them. Of each lane, s0 and s1 are the state, m0 to m3 the words, at first the
// digest in m0 and m1.

#define G0(s0, s1, m0, m1, m2, m3, old, t) \
	VADD      V16.S4, m0.S4, t.S4 \
	SHA256SU0 m1.S4, m0.S4 \
	FOUR(s0, s1, old, t)

#define G1(s0, s1, m0, m1, m2, m3, old, t) \
	VADD      V17.S4, m1.S4, t.S4 \
	SHA256SU0 m2.S4, m1.S4 \
	SHA256SU1 m3.S4, m2.S4, m0.S4 \
	FOUR(s0, s1, old, t)

#define G2(s0, s1, m0, m1, m2, m3, old, t) \
	SHA256SU0 m3.S4, m2.S4 \
	SHA256SU1 m0.S4, m3.S4, m1.S4 \
	FOUR(s0, s1, old, V18)

#define G3(s0, s1, m0, m1, m2, m3, old, t) \
	SHA256SU0 m0.S4, m3.S4 \
	SHA256SU1 m1.S4, m0.S4, m2.S4 \
	FOUR(s0, s1, old, V19)

#define G4(s0, s1, m0, m1, m2, m3, old, t) \
	VADD      V20.S4, m0.S4, t.S4 \
	SHA256SU0 m1.S4, m0.S4 \
	SHA256SU1 m2.S4, m1.S4, m3.S4 \
	FOUR(s0, s1, old, t)

#define G5(s0, s1, m0, m1, m2, m3, old, t) \
	VADD      V21.S4, m1.S4, t.S4 \
	SHA256SU0 m2.S4, m1.S4 \
	SHA256SU1 m3.S4, m2.S4, m0.S4 \
	FOUR(s0, s1, old, t)

#define G6(s0, s1, m0, m1, m2, m3, old, t) \
	VADD      V22.S4, m2.S4, t.S4 \
	SHA256SU0 m3.S4, m2.S4 \
	SHA256SU1 m0.S4, m3.S4, m1.S4 \
	FOUR(s0, s1, old, t)

#define G7(s0, s1, m0, m1, m2, m3, old, t) \
	VADD      V23.S4, m3.S4, t.S4 \
	SHA256SU0 m0.S4, m3.S4 \
	SHA256SU1 m1.S4, m0.S4, m2.S4 \
	FOUR(s0, s1, old, t)

#define G8(s0, s1, m0, m1, m2, m3, old, t) \
	VADD      V24.S4, m0.S4, t.S4 \
	SHA256SU0 m1.S4, m0.S4 \
	SHA256SU1 m2.S4, m1.S4, m3.S4 \
	FOUR(s0, s1, old, t)

#define G9(s0, s1, m0, m1, m2, m3, old, t) \
	VADD      V25.S4, m1.S4, t.S4 \
	SHA256SU0 m2.S4, m1.S4 \
	SHA256SU1 m3.S4, m2.S4, m0.S4 \
	FOUR(s0, s1, old, t)

#define G10(s0, s1, m0, m1, m2, m3, old, t) \
	VADD      V26.S4, m2.S4, t.S4 \
	SHA256SU0 m3.S4, m2.S4 \
	SHA256SU1 m0.S4, m3.S4, m1.S4 \
	FOUR(s0, s1, old, t)

#define G11(s0, s1, m0, m1, m2, m3, old, t) \
	VADD      V27.S4, m3.S4, t.S4 \
	SHA256SU0 m0.S4, m3.S4 \
	SHA256SU1 m1.S4, m0.S4, m2.S4 \
	FOUR(s0, s1, old, t)

#define G12(s0, s1, m0, m1, m2, m3, old, t) \
	VADD      V28.S4, m0.S4, t.S4 \
	SHA256SU1 m2.S4, m1.S4, m3.S4 \
	FOUR(s0, s1, old, t)

#define G13(s0, s1, m0, m1, m2, m3, old, t) \
	VADD      V29.S4, m1.S4, t.S4 \
	FOUR(s0, s1, old, t)

#define G14(s0, s1, m0, m1, m2, m3, old, t) \
	VADD      V30.S4, m2.S4, t.S4 \
	FOUR(s0, s1, old, t)

#define G15(s0, s1, m0, m1, m2, m3, old, t) \
	VADD      V31.S4, m3.S4, t.S4 \
	FOUR(s0, s1, old, t)

#define A(G) G(V0, V1, V2, V3, V4, V5, V6, V7)
#define B(G) G(V8, V9, V10, V11, V12, V13, V14, V15)

// BOTH does the same rounds of both lanes: while one waits for a result, the other computes.
#define BOTH(G) \
	A(G) \
	B(G)

// BEGIN begins a compression of the digest s0, s1 with the state at p.
#define BEGIN(p, s0, s1, m0, m1, m2, m3) \
	VMOV s0.B16, m0.B16 \
	VMOV s1.B16, m1.B16 \
	VLD1 (R4), [m2.S4, m3.S4] \
	VLD1 (p), [s0.S4, s1.S4]

// END ends it: the state that it began with is added.
#define END(p, s0, s1, t0, t1) \
	VLD1 (p), [t0.S4, t1.S4]  \
	VADD t0.S4, s0.S4, s0.S4  \
	VADD t1.S4, s1.S4, s1.S4

// XORSUM adds the digest to the sum at p.
#define XORSUM(p, s0, s1, t0, t1) \
	VLD1 (p), [t0.S4, t1.S4]    \
	VEOR s0.B16, t0.B16, t0.B16 \
	VEOR s1.B16, t1.B16, t1.B16 \
	VST1 [t0.S4, t1.S4], (p)

// CONSTANTS loads those of the rounds, and where the padding is.
#define CONSTANTS \
	MOVD   $k<>(SB), R4 \
	VLD1.P 64(R4), [V16.S4, V17.S4, V18.S4, V19.S4] \
	VLD1.P 64(R4), [V20.S4, V21.S4, V22.S4, V23.S4] \
	VLD1.P 64(R4), [V24.S4, V25.S4, V26.S4, V27.S4] \
	VLD1   (R4), [V28.S4, V29.S4, V30.S4, V31.S4] \
	MOVD   $pad<>(SB), R4

// The parts of a lane are 32 bytes each: the inner state, the outer one, the last digest, the sum.

// func iterate1(a *lane, n int)
TEXT ·iterate1(SB), NOSPLIT, $0-16
	MOVD a+0(FP), R0
	MOVD n+8(FP), R3
	ADD  $32, R0, R5
	ADD  $64, R0, R6
	ADD  $96, R0, R7
	CONSTANTS
	VLD1 (R6), [V0.S4, V1.S4]

one:
	BEGIN(R0, V0, V1, V2, V3, V4, V5)
	A(G0)
	A(G1)
	A(G2)
	A(G3)
	A(G4)
	A(G5)
	A(G6)
	A(G7)
	A(G8)
	A(G9)
	A(G10)
	A(G11)
	A(G12)
	A(G13)
	A(G14)
	A(G15)
	END(R0, V0, V1, V6, V7)
	BEGIN(R5, V0, V1, V2, V3, V4, V5)
	A(G0)
	A(G1)
	A(G2)
	A(G3)
	A(G4)
	A(G5)
	A(G6)
	A(G7)
	A(G8)
	A(G9)
	A(G10)
	A(G11)
	A(G12)
	A(G13)
	A(G14)
	A(G15)
	END(R5, V0, V1, V6, V7)
	XORSUM(R7, V0, V1, V6, V7)
	SUB  $1, R3
	CBNZ R3, one
	VST1 [V0.S4, V1.S4], (R6)
	RET

// func iterate2(a, b *lane, n int)
TEXT ·iterate2(SB), NOSPLIT, $0-24
	MOVD a+0(FP), R0
	MOVD b+8(FP), R1
	MOVD n+16(FP), R3
	ADD  $32, R0, R5
	ADD  $64, R0, R6
	ADD  $96, R0, R7
	ADD  $32, R1, R8
	ADD  $64, R1, R9
	ADD  $96, R1, R10
	CONSTANTS
	VLD1 (R6), [V0.S4, V1.S4]
	VLD1 (R9), [V8.S4, V9.S4]

two:
	BEGIN(R0, V0, V1, V2, V3, V4, V5)
	BEGIN(R1, V8, V9, V10, V11, V12, V13)
	BOTH(G0)
	BOTH(G1)
	BOTH(G2)
	BOTH(G3)
	BOTH(G4)
	BOTH(G5)
	BOTH(G6)
	BOTH(G7)
	BOTH(G8)
	BOTH(G9)
	BOTH(G10)
	BOTH(G11)
	BOTH(G12)
	BOTH(G13)
	BOTH(G14)
	BOTH(G15)
	END(R0, V0, V1, V6, V7)
	END(R1, V8, V9, V14, V15)
	BEGIN(R5, V0, V1, V2, V3, V4, V5)
	BEGIN(R8, V8, V9, V10, V11, V12, V13)
	BOTH(G0)
	BOTH(G1)
	BOTH(G2)
	BOTH(G3)
	BOTH(G4)
	BOTH(G5)
	BOTH(G6)
	BOTH(G7)
	BOTH(G8)
	BOTH(G9)
	BOTH(G10)
	BOTH(G11)
	BOTH(G12)
	BOTH(G13)
	BOTH(G14)
	BOTH(G15)
	END(R5, V0, V1, V6, V7)
	END(R8, V8, V9, V14, V15)
	XORSUM(R7, V0, V1, V6, V7)
	XORSUM(R10, V8, V9, V14, V15)
	SUB  $1, R3
	CBNZ R3, two
	VST1 [V0.S4, V1.S4], (R6)
	VST1 [V8.S4, V9.S4], (R9)
	RET
