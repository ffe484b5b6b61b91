package io.uring.ring.internal;

import org.jspecify.annotations.Nullable;

/**
 * System call numbers. There are two tables: x86-64's own, and the generic one that aarch64,
 * riscv64 and every newer architecture share. io_uring's calls have the same numbers in both.
 */
public enum SystemCall {
    IO_URING_SETUP(425, 425),
    IO_URING_ENTER(426, 426),
    IO_URING_REGISTER(427, 427),
    WRITE(1, 64),
    CLOSE(3, 57),
    LSEEK(8, 62),
    MMAP(9, 222),
    MUNMAP(11, 215),
    MADVISE(28, 233),
    SOCKET(41, 198),
    CONNECT(42, 203),
    SENDTO(44, 206),
    SHUTDOWN(48, 210),
    BIND(49, 200),
    LISTEN(50, 201),
    GETSOCKNAME(51, 204),
    GETPEERNAME(52, 205),
    SETSOCKOPT(54, 208),
    GETSOCKOPT(55, 209),
    SCHED_SETAFFINITY(203, 122),
    FCNTL(72, 25),
    OPENAT(257, 56),
    ACCEPT4(288, 242),
    EVENTFD2(290, 19);

    /** Why this machine has no table, or null when it has one. */
    static final @Nullable String UNSUPPORTED = unsupported();

    private static final boolean X86_64 = System.getProperty("os.arch", "").equals("amd64");

    private final int x8664;
    private final int generic;

    SystemCall(int x8664, int generic) {
        this.x8664 = x8664;
        this.generic = generic;
    }

    int number() {
        return number(X86_64);
    }

    int number(boolean onX8664) {
        return onX8664 ? x8664 : generic;
    }

    private static @Nullable String unsupported() {
        String name = System.getProperty("os.name", "");
        String architecture = System.getProperty("os.arch", "");
        if (!name.equals("Linux")) {
            return "io_uring exists on Linux only, this is " + name;
        }
        return switch (architecture) {
            case "amd64", "aarch64", "riscv64", "loongarch64" -> null;
            default -> "unsupported architecture " + architecture;
        };
    }
}
