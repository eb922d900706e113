/* SPDX-License-Identifier: MIT */
/* The smallest program: ends with the code that its first argument's first digit says, or 0. No C library. */
__asm__(".globl _start\n"
	"_start:\n"
	"	mov (%rsp), %rcx\n" /* argc */
	"	xor %edi, %edi\n"
	"	cmp $2, %rcx\n"
	"	jb 1f\n"
	"	mov 16(%rsp), %rsi\n" /* argv[1] */
	"	movzbl (%rsi), %edi\n"
	"	sub $'0', %edi\n"
	"	cmp $9, %edi\n"
	"	jbe 1f\n"
	"	xor %edi, %edi\n"
	"1:	mov $231, %eax\n" /* exit_group */
	"	syscall\n");
