#!/usr/bin/env python3
"""Looks at the machine code of the micro-kernels: in the inner loops that multiply and add, sums must stay in registers and
multiply-adds must be fused.

    check.py OBJDUMP [--expect-faults] [--list] OBJECT...

OBJECT is an object file of src/kernels/simd/conv_*.c for an instruction set with fused multiply-adds, of x86-64 or AArch64.
An inner loop is a backward jump without another one inside. Those with at least four vector multiply-adds or
multiplications are the loops meant; a fault is a vector stored to or loaded from the stack inside one, a multiplication and
an addition apart, or an object without any such loop. --expect-faults turns the result round, for objects that were built
to be bad; --list prints every loop."""

import argparse
import re
import subprocess
import sys

FUNCTION = re.compile(r"^[0-9a-f]+ <([^>]+)>:$")
INSTRUCTION = re.compile(r"^\s*([0-9a-f]+):\s+(\S+)\s*(.*)$")
X86_JUMP = re.compile(r"^j[a-z]+$")
ARM_JUMP = re.compile(r"^(b|b\.[a-z]+|cbn?z|tbn?z)$")
LEAST = 4  # multiply-adds that make a loop one of those meant


class X86:
    fused = re.compile(r"^vfn?m(add|sub)[0-9]*ps$")
    multiply = re.compile(r"^v?mulps$")
    add = re.compile(r"^v?(add|sub)ps$")
    vector = re.compile(r"%[xyz]mm")
    # Scalars may lie on the stack: pointers do.
    stack = re.compile(r"\(%rsp")
    frame = re.compile(r"\(%r[sb]p")  # where %rbp is the frame's pointer and not any pointer
    makes_frame = ("mov", "%rsp,%rbp")
    ignored = re.compile(r"^(v?movss|v?movd|v?movq|vbroadcastss|prefetch)")


class Arm:
    fused = re.compile(r"^fml[as]$")
    multiply = re.compile(r"^fmul$")
    add = re.compile(r"^f(add|sub)$")
    vector = re.compile(r"\bq\d+\b|\bv\d+\.(4s|16b|2d)")
    stack = re.compile(r"\[sp\b")
    frame = re.compile(r"\[(sp|x29)\b")
    makes_frame = ("mov", "x29, sp")
    ignored = re.compile(r"^$")


def functions(objdump, path):
    """(name, [(address, mnemonic, operands)]) of each function."""
    text = subprocess.run([objdump, "-d", "--no-show-raw-insn", path], capture_output=True, text=True, check=True).stdout
    machine = Arm if "aarch64" in text else X86
    name, found = None, []
    for line in text.split("\n"):
        start = FUNCTION.match(line)
        if start:
            if name is not None:
                yield machine, name, found
            name, found = start.group(1), []
            continue
        instruction = INSTRUCTION.match(line)
        if instruction and name is not None:
            address, mnemonic, operands = instruction.groups()
            found.append((int(address, 16), mnemonic, operands))
    if name is not None:
        yield machine, name, found


def inner_loops(instructions):
    """The stretches of instructions from the target of a backward jump to the jump, without others inside."""
    place = {address: i for i, (address, _, _) in enumerate(instructions)}
    spans = []
    for i, (address, mnemonic, operands) in enumerate(instructions):
        if not (X86_JUMP.match(mnemonic) or ARM_JUMP.match(mnemonic)):
            continue
        target = re.search(r"(?:^|[\s,])([0-9a-f]+) <", operands)
        if target and int(target.group(1), 16) in place and int(target.group(1), 16) <= address:
            spans.append((place[int(target.group(1), 16)], i))
    for first, last in spans:
        if not any((f, l) != (first, last) and first <= f and l <= last for f, l in spans):
            yield instructions[first:last + 1]


def faults_of(machine, loop, stack):
    """How many multiply-adds the loop has, and what is wrong with it."""
    fused = multiplied = added = 0
    spills = []
    for _, mnemonic, operands in loop:
        fused += bool(machine.fused.match(mnemonic) and machine.vector.search(operands))
        multiplied += bool(machine.multiply.match(mnemonic) and machine.vector.search(operands))
        added += bool(machine.add.match(mnemonic) and machine.vector.search(operands))
        if machine.vector.search(operands) and stack.search(operands) and not machine.ignored.match(mnemonic):
            spills.append(f"{mnemonic} {operands}")
    faults = []
    if fused + multiplied >= LEAST:
        if spills:
            faults.append(f"{len(spills)} vectors on the stack, such as {spills[0]}")
        if multiplied and added:
            faults.append(f"{multiplied} multiplications and {added} additions are not fused")
    return fused + multiplied, faults


def check(objdump, path, listing):
    faults, loops = [], 0
    for machine, name, instructions in functions(objdump, path):
        framed = any(instruction[1:] == machine.makes_frame for instruction in instructions)
        for loop in inner_loops(instructions):
            products, wrong = faults_of(machine, loop, machine.frame if framed else machine.stack)
            if products < LEAST:
                continue
            loops += 1
            if listing:
                print(f"{path}: {name}: a loop of {len(loop)} instructions, {products} multiply-adds")
            faults += [f"{path}: {name}+{loop[0][0] - instructions[0][0]:#x}: {fault}" for fault in wrong]
    if loops == 0:
        faults.append(f"{path}: has no inner loop of vector multiply-adds")
    return loops, faults


def main():
    parser = argparse.ArgumentParser(description="Checks the machine code of micro-kernels.")
    parser.add_argument("objdump")
    parser.add_argument("objects", nargs="+")
    parser.add_argument("--expect-faults", action="store_true")
    parser.add_argument("--list", action="store_true")
    options = parser.parse_args()
    loops, faults = 0, []
    for path in options.objects:
        some, wrong = check(options.objdump, path, options.list)
        loops += some
        faults += wrong
    print(f"{loops} inner loops in {len(options.objects)} objects, {len(faults)} faults")
    print("\n".join(faults))
    return (not faults) if options.expect_faults else bool(faults)


if __name__ == "__main__":
    sys.exit(main())
