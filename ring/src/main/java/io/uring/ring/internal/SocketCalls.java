package io.uring.ring.internal;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * The socket calls that are made once per listener or on demand, as plain system calls. None of
 * them blocks. All return what the kernel returned, or {@code -errno}, and may be called from any
 * thread.
 */
public final class SocketCalls {
    private static final int EBADF = 9;
    private static final int F_SETFD = 2;
    private static final int F_GETFL = 3;
    private static final int F_SETFL = 4;
    private static final int FD_CLOEXEC = 1;
    private static final int O_NONBLOCK = 0x800;
    private static final int O_CLOEXEC = 0x80000;
    private static final int AT_FDCWD = -100;
    private static final int SEEK_END = 2;

    public static final int AF_UNIX = 1;
    public static final int AF_INET = 2;
    public static final int AF_INET6 = 10;
    public static final int SOCK_STREAM = 1;
    public static final int SOCK_DGRAM = 2;
    public static final int SOCK_CLOEXEC = 0x80000;
    public static final int SOL_SOCKET = 1;
    public static final int SO_REUSEADDR = 2;
    public static final int SO_ERROR = 4;
    public static final int SO_SNDBUF = 7;
    public static final int SO_RCVBUF = 8;
    public static final int SO_KEEPALIVE = 9;
    public static final int SO_LINGER = 13;
    public static final int SO_REUSEPORT = 15;
    public static final int SO_ATTACH_REUSEPORT_CBPF = 51;
    public static final int SO_DOMAIN = 39;
    public static final int SO_PEERCRED = 17;
    public static final int SO_MEMINFO = 55;
    public static final int SO_ACCEPTCONN = 30;
    public static final int IPPROTO_TCP = 6;
    public static final int TCP_NODELAY = 1;
    public static final int IPPROTO_IPV6 = 41;
    public static final int IPV6_V6ONLY = 26;
    public static final int IPPROTO_IP = 0;
    public static final int IPPROTO_UDP = 17;
    public static final int SO_BROADCAST = 6;
    public static final int UDP_GRO = 104;

    private SocketCalls() {}

    private static long call(SystemCall call, long a, long b, long c, long d, long e, long f) {
        return CurrentKernel.get().call(call, a, b, c, d, e, f);
    }

    /** A stream socket, close-on-exec and without O_NONBLOCK: io_uring waits by itself. */
    public static int streamSocket(int family) {
        return socket(family, SOCK_STREAM);
    }

    /** The same for datagrams. */
    public static int datagramSocket(int family) {
        return socket(family, SOCK_DGRAM);
    }

    private static int socket(int family, int type) {
        return (int) call(SystemCall.SOCKET, family, type | SOCK_CLOEXEC, 0, 0, 0, 0);
    }

    /** Whether this machine has IPv6. */
    public static boolean hasIpv6() {
        int fd = streamSocket(AF_INET6);
        if (fd >= 0) {
            close(fd);
        }
        return fd >= 0;
    }

    public static int bind(int fd, MemorySegment address) {
        return (int) call(SystemCall.BIND, fd, address.address(), address.byteSize(), 0, 0, 0);
    }

    /** For sockets that do not wait for it: those for datagrams. */
    public static int connect(int fd, MemorySegment address) {
        return (int) call(SystemCall.CONNECT, fd, address.address(), address.byteSize(), 0, 0, 0);
    }

    public static int listen(int fd, int backlog) {
        return (int) call(SystemCall.LISTEN, fd, backlog, 0, 0, 0, 0);
    }

    public static int setOption(int fd, int level, int name, int value) {
        try (Arena arena = Arena.ofConfined()) {
            return setOption(fd, level, name, arena.allocateFrom(ValueLayout.JAVA_INT, value));
        }
    }

    private static int setOption(int fd, int level, int name, MemorySegment value) {
        return (int)
                call(SystemCall.SETSOCKOPT, fd, level, name, value.address(), value.byteSize(), 0);
    }

    /**
     * The value of an int option, or {@code Integer.MIN_VALUE + errno}, since options may be
     * negative.
     */
    public static int option(int fd, int level, int name) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment value = arena.allocate(ValueLayout.JAVA_INT);
            MemorySegment length = arena.allocateFrom(ValueLayout.JAVA_INT, Integer.BYTES);
            long result =
                    call(
                            SystemCall.GETSOCKOPT,
                            fd,
                            level,
                            name,
                            value.address(),
                            length.address(),
                            0);
            return result < 0
                    ? Integer.MIN_VALUE - (int) result
                    : value.get(ValueLayout.JAVA_INT, 0);
        }
    }

    /** Lets a classic BPF program choose among the sockets that share the port. Kernel 4.6. */
    public static int attachReusePortFilter(int fd, MemorySegment instructions) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment program = arena.allocate(16, Long.BYTES); // struct sock_fprog
            program.set(ValueLayout.JAVA_SHORT, 0, (short) (instructions.byteSize() / 8));
            program.set(ValueLayout.JAVA_LONG, 8, NativeMemory.address(instructions));
            return setOption(fd, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, program);
        }
    }

    /** For values that are not an int. */
    public static int setOption(int fd, int level, int name, byte[] value) {
        try (Arena arena = Arena.ofConfined()) {
            return setOption(fd, level, name, arena.allocateFrom(ValueLayout.JAVA_BYTE, value));
        }
    }

    /** Reads at most {@code value.length} bytes of an option; their number or {@code -errno}. */
    public static int getOption(int fd, int level, int name, byte[] value) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment bytes = arena.allocate(value.length);
            MemorySegment length = arena.allocateFrom(ValueLayout.JAVA_INT, value.length);
            long result =
                    call(
                            SystemCall.GETSOCKOPT,
                            fd,
                            level,
                            name,
                            bytes.address(),
                            length.address(),
                            0);
            MemorySegment.copy(bytes, ValueLayout.JAVA_BYTE, 0, value, 0, value.length);
            return result < 0 ? (int) result : length.get(ValueLayout.JAVA_INT, 0);
        }
    }

    /** Makes a descriptor that came from elsewhere like our own: close-on-exec, and blocking. */
    public static int adopt(int fd) {
        long result = call(SystemCall.FCNTL, fd, F_SETFD, FD_CLOEXEC, 0, 0, 0);
        long flags = call(SystemCall.FCNTL, fd, F_GETFL, 0, 0, 0, 0);
        if (result < 0 || flags < 0) {
            return (int) Math.min(result, flags);
        }
        return (int) call(SystemCall.FCNTL, fd, F_SETFL, flags & ~O_NONBLOCK, 0, 0, 0);
    }

    /** Makes {@link #acceptNow} possible; 0 or {@code -errno}. */
    public static int nonBlocking(int fd) {
        long flags = call(SystemCall.FCNTL, fd, F_GETFL, 0, 0, 0, 0);
        return flags < 0
                ? (int) flags
                : (int) call(SystemCall.FCNTL, fd, F_SETFL, flags | O_NONBLOCK, 0, 0, 0);
    }

    /** A connection that waits in the backlog of a non-blocking socket, or {@code -errno}. */
    public static int acceptNow(int fd) {
        return (int) call(SystemCall.ACCEPT4, fd, 0, 0, SOCK_CLOEXEC, 0, 0);
    }

    /** Ends both directions at once; a listening socket refuses connections from now on. */
    public static int shutdown(int fd) {
        int both = 2; // SHUT_RDWR
        return (int) call(SystemCall.SHUTDOWN, fd, both, 0, 0, 0, 0);
    }

    /** Sends FIN, behind what the kernel has taken. */
    public static int shutdownOutput(int fd) {
        int output = 1; // SHUT_WR
        return (int) call(SystemCall.SHUTDOWN, fd, output, 0, 0, 0, 0);
    }

    /** What comes from now on is thrown away; a receive ends. */
    public static int shutdownInput(int fd) {
        int input = 0; // SHUT_RD
        return (int) call(SystemCall.SHUTDOWN, fd, input, 0, 0, 0, 0);
    }

    /** Makes the next close discard unsent data and send RST. */
    public static int lingerZero(int fd) {
        try (Arena arena = Arena.ofConfined()) {
            return setOption(
                    fd, SOL_SOCKET, SO_LINGER, arena.allocateFrom(ValueLayout.JAVA_INT, 1, 0));
        }
    }

    /** Writes the local address into {@code address} and returns its length. */
    public static int localAddress(int fd, MemorySegment address) {
        return name(SystemCall.GETSOCKNAME, fd, address);
    }

    /** Writes the peer's address into {@code address} and returns its length. */
    public static int peerAddress(int fd, MemorySegment address) {
        return name(SystemCall.GETPEERNAME, fd, address);
    }

    private static int name(SystemCall call, int fd, MemorySegment address) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment length =
                    arena.allocateFrom(ValueLayout.JAVA_INT, (int) address.byteSize());
            long result = call(call, fd, address.address(), length.address(), 0, 0, 0);
            return result < 0 ? (int) result : length.get(ValueLayout.JAVA_INT, 0);
        }
    }

    /** Sends without waiting: the bytes taken, or {@code -EAGAIN}. Never raises SIGPIPE. */
    public static int sendNow(int fd, MemorySegment data, long offset, int length) {
        long address = NativeMemory.address(data, offset, length);
        return (int) call(SystemCall.SENDTO, fd, address, length, 0x4040, 0, 0);
    }

    public static int close(int fd) {
        int result = (int) CurrentKernel.get().close(fd);
        assert result != -EBADF : "descriptor " + fd + " closed twice";
        return result;
    }

    /** Opens a file for reading, close-on-exec: the descriptor or {@code -errno}. May block. */
    public static int openToRead(String path) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment name = arena.allocateFrom(path);
            return (int) call(SystemCall.OPENAT, AT_FDCWD, name.address(), O_CLOEXEC, 0, 0, 0);
        }
    }

    /** The size of a file, or {@code -errno}: the offset of its end, which nothing here uses. */
    public static long size(int fd) {
        return call(SystemCall.LSEEK, fd, 0, SEEK_END, 0, 0, 0);
    }
}
