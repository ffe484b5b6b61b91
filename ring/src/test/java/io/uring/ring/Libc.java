package io.uring.ring;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.nio.charset.StandardCharsets;

/** The C library, for the other end of what a test does through the ring. */
final class Libc {
    static final int STREAM = 1;
    static final int DATAGRAM = 2;

    private static final int AF_UNIX = 1;
    private static final int O_RDWR_CREAT_TRUNC = 0x242;
    private static final long SYS_FUTEX = System.getProperty("os.arch").equals("amd64") ? 202 : 98;
    private static final int FUTEX_WAIT = 0;
    private static final int FUTEX_WAKE = 1;
    private static final int FUTEX_PRIVATE = 0x80;
    private static final int F_SETFL = 4;
    private static final int O_NONBLOCK = 0x800;
    private static final int POLLIN = 1;
    private static final int LIMIT_MILLIS = 10_000;

    private static final MethodHandle SOCKETPAIR =
            function("socketpair", JAVA_INT, JAVA_INT, JAVA_INT, ADDRESS);
    private static final MethodHandle PIPE = function("pipe", ADDRESS);
    private static final MethodHandle CREAT = function("open", ADDRESS, JAVA_INT, JAVA_INT);
    private static final MethodHandle FCNTL = function("fcntl", JAVA_INT, JAVA_INT, JAVA_INT);
    private static final MethodHandle EPOLL_CREATE = function("epoll_create1", JAVA_INT);
    private static final MethodHandle SYSCALL =
            function("syscall", JAVA_LONG, ADDRESS, JAVA_LONG, JAVA_LONG, JAVA_LONG);
    private static final MethodHandle POSIX_SPAWN =
            function("posix_spawn", ADDRESS, ADDRESS, ADDRESS, ADDRESS, ADDRESS, ADDRESS);
    private static final MethodHandle POLL = function("poll", ADDRESS, JAVA_LONG, JAVA_INT);
    private static final MethodHandle READ = function("read", JAVA_INT, ADDRESS, JAVA_LONG);
    private static final MethodHandle WRITE = function("write", JAVA_INT, ADDRESS, JAVA_LONG);
    private static final MethodHandle CLOSE = function("close", JAVA_INT);
    private static final MethodHandle GETTID = function("gettid");
    private static final MethodHandle GETPID = function("getpid");
    private static final MethodHandle TGKILL = function("tgkill", JAVA_INT, JAVA_INT, JAVA_INT);
    private static final MethodHandle SIGNAL = function("signal", JAVA_INT, ADDRESS);

    private Libc() {}

    /** Two descriptors of a test, closed with it. */
    record Pair(int first, int second) implements AutoCloseable {
        @Override
        public void close() {
            Libc.close(first);
            Libc.close(second);
        }
    }

    private static MethodHandle function(String name, MemoryLayout... arguments) {
        Linker linker = Linker.nativeLinker();
        FunctionDescriptor type = FunctionDescriptor.of(JAVA_LONG, arguments);
        boolean variadic = name.equals("open") || name.equals("fcntl");
        return linker.downcallHandle(
                linker.defaultLookup().findOrThrow(name),
                type,
                variadic
                        ? new Linker.Option[] {Linker.Option.firstVariadicArg(2)}
                        : new Linker.Option[0]);
    }

    /** Functions that return int leave the upper half undefined. */
    private static int call(MethodHandle function, Object... arguments) {
        try {
            int result = (int) (long) function.invokeWithArguments(arguments);
            if (result < 0) {
                throw new AssertionError(function + " failed");
            }
            return result;
        } catch (Error e) {
            throw e;
        } catch (Throwable e) {
            throw new AssertionError(e);
        }
    }

    /** Connected unix sockets. */
    static Pair socketPair(int type) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment fds = arena.allocate(8, 4);
            call(SOCKETPAIR, AF_UNIX, type, 0, fds);
            return new Pair(fds.get(JAVA_INT, 0), fds.get(JAVA_INT, 4));
        }
    }

    /** A pipe: the first end is read. */
    static Pair pipe() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment fds = arena.allocate(8, 4);
            call(PIPE, fds);
            return new Pair(fds.get(JAVA_INT, 0), fds.get(JAVA_INT, 4));
        }
    }

    /** An existing file. */
    static int open(java.nio.file.Path path, int flags) {
        int fd = tryOpen(path, flags);
        if (fd < 0) {
            throw new AssertionError("cannot open " + path);
        }
        return fd;
    }

    /** An existing file, or a negative number. */
    static int tryOpen(java.nio.file.Path path, int flags) {
        try (Arena arena = Arena.ofConfined()) {
            return (int) (long) CREAT.invoke(arena.allocateFrom(path.toString()), flags, 0);
        } catch (Throwable e) {
            throw new AssertionError(e);
        }
    }

    /** Sets O_NONBLOCK. */
    static void nonBlocking(int fd) {
        call(FCNTL, fd, F_SETFL, O_NONBLOCK);
    }

    /** An epoll instance. */
    static int epoll() {
        return call(EPOLL_CREATE, 0);
    }

    /** Wakes one waiter of the first word by the system call; returns how many there were. */
    static int futexWake(MemorySegment words, boolean shared) {
        int operation = shared ? FUTEX_WAKE : FUTEX_WAKE | FUTEX_PRIVATE;
        return call(SYSCALL, SYS_FUTEX, words, (long) operation, 1L, 0L);
    }

    /** Waits by the system call while the first word is 0. */
    static void futexWait(MemorySegment words, boolean shared) {
        int operation = shared ? FUTEX_WAIT : FUTEX_WAIT | FUTEX_PRIVATE;
        call(SYSCALL, SYS_FUTEX, words, (long) operation, 0L, 0L);
    }

    /** A child process that nobody waits for, unlike those of {@link ProcessBuilder}. */
    static int spawnThatExits(int status) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment pid = arena.allocate(4, 4);
            MemorySegment arguments = arena.allocate(32, 8);
            arguments.set(ADDRESS, 0, arena.allocateFrom("sh"));
            arguments.set(ADDRESS, 8, arena.allocateFrom("-c"));
            arguments.set(ADDRESS, 16, arena.allocateFrom("exit " + status));
            MemorySegment none = MemorySegment.NULL;
            MemorySegment shell = arena.allocateFrom("/bin/sh");
            if (call(POSIX_SPAWN, pid, shell, none, none, arguments, none) != 0) {
                throw new AssertionError("posix_spawn");
            }
            return pid.get(JAVA_INT, 0);
        }
    }

    /** An empty file to read and write. */
    static int create(java.nio.file.Path path) {
        try (Arena arena = Arena.ofConfined()) {
            return call(CREAT, arena.allocateFrom(path.toString()), O_RDWR_CREAT_TRUNC, 0600);
        }
    }

    static void write(int fd, String text) {
        write(fd, text.getBytes(StandardCharsets.ISO_8859_1));
    }

    /** Writes all of it; the other end must have room. */
    static void write(int fd, byte[] bytes) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment segment =
                    arena.allocateFrom(java.lang.foreign.ValueLayout.JAVA_BYTE, bytes);
            int written = call(WRITE, fd, segment, (long) bytes.length);
            if (written != bytes.length) {
                throw new AssertionError("wrote " + written + " of " + bytes.length);
            }
        }
    }

    /** What one read gives, waited for as long as a test may take. */
    static String read(int fd) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment poll = arena.allocate(8, 4); // fd s32@0, events s16@4, revents s16@6
            poll.set(JAVA_INT, 0, fd);
            poll.set(JAVA_SHORT, 4, (short) POLLIN);
            if (call(POLL, poll, 1L, LIMIT_MILLIS) == 0) {
                throw new AssertionError("nothing to read from " + fd);
            }
            MemorySegment buffer = arena.allocate(65536);
            return string(buffer, 0, call(READ, fd, buffer, buffer.byteSize()));
        }
    }

    /** Waits until the other end of a pipe or socket is gone. */
    static void awaitHangUp(int fd) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment poll = arena.allocate(8, 4);
            poll.set(JAVA_INT, 0, fd);
            if (call(POLL, poll, 1L, LIMIT_MILLIS) == 0) {
                throw new AssertionError("the other end of " + fd + " is still open");
            }
        }
    }

    /** Whether poll(2) finds something to read at once. */
    static boolean isReadable(int fd) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment poll = arena.allocate(8, 4);
            poll.set(JAVA_INT, 0, fd);
            poll.set(JAVA_SHORT, 4, (short) POLLIN);
            return call(POLL, poll, 1L, 0) == 1;
        }
    }

    /** The eight bytes that a read gives, such as the counter of an eventfd. */
    static long readLong(int fd) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment value = arena.allocate(JAVA_LONG);
            int bytes = call(READ, fd, value, value.byteSize());
            if (bytes != Long.BYTES) {
                throw new AssertionError("read " + bytes + " bytes");
            }
            return value.get(JAVA_LONG, 0);
        }
    }

    /** The kernel's number of the calling thread. */
    static int threadId() {
        return call(GETTID);
    }

    /**
     * Lets a signal interrupt system calls and do nothing else. Its handler is a function of the C
     * library that takes a number and has no effect, since no Java code may run there.
     */
    static void interruptBy(int signal) {
        MemorySegment handler = Linker.nativeLinker().defaultLookup().findOrThrow("abs");
        try {
            long former = (long) SIGNAL.invokeExact(signal, handler); // an address, or -1
            if (former == -1) {
                throw new AssertionError("no handler for signal " + signal);
            }
        } catch (Error e) {
            throw e;
        } catch (Throwable e) {
            throw new AssertionError(e);
        }
    }

    /** Sends a signal to one thread of this process. */
    static void signal(int threadId, int signal) {
        call(TGKILL, call(GETPID), threadId, signal);
    }

    static void close(int fd) {
        call(CLOSE, fd);
    }

    static String string(MemorySegment segment, long offset, long length) {
        byte[] bytes =
                segment.asSlice(offset, length).toArray(java.lang.foreign.ValueLayout.JAVA_BYTE);
        return new String(bytes, StandardCharsets.ISO_8859_1);
    }
}
