package io.uring.testkit;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.util.ArrayList;
import java.util.List;

/**
 * A JVM in which {@code io_uring_setup} fails with a chosen errno, as in a container whose seccomp
 * profile forbids it.
 *
 * <pre>{@code
 * try (ChildJvm child = SeccompChild.start(SeccompChild.EPERM, List.of(), Server.class, "--port=0")) {
 *     child.awaitOutput(Duration.ofSeconds(10), "falling back");
 * }
 * }</pre>
 *
 * <p>The filter is put in place by the child itself, on all of its threads, before the program's
 * first class is loaded. It needs no privilege.
 */
public final class SeccompChild {
    public static final int EPERM = 1;
    public static final int ENOSYS = 38;

    private static final int PR_SET_NO_NEW_PRIVS = 38;
    private static final int SECCOMP_SET_MODE_FILTER = 1;
    private static final int SECCOMP_FILTER_FLAG_TSYNC = 1;
    private static final int SECCOMP_RET_ALLOW = 0x7fff0000;
    private static final int SECCOMP_RET_ERRNO = 0x00050000;
    private static final int IO_URING_SETUP = 425;

    // struct seccomp_data: nr s32@0, arch u32@4.
    private static final int DATA_NR = 0;
    private static final int DATA_ARCH = 4;
    private static final int LOAD_WORD = 0x20;
    private static final int JUMP_IF_EQUAL = 0x15;
    private static final int RETURN = 0x06;
    private static final int INSTRUCTION_BYTES = 8;

    /** What differs between architectures. The numbers are from each one's system call table. */
    private record Machine(int auditArch, long prctl, long seccomp) {
        static Machine current() {
            return switch (System.getProperty("os.arch")) {
                case "amd64" -> new Machine(0xC000003E, 157, 317);
                case "aarch64" -> new Machine(0xC00000B7, 167, 277);
                case "riscv64" -> new Machine(0xC00000F3, 167, 277);
                case String other -> throw new UnsupportedOperationException("seccomp on " + other);
            };
        }
    }

    private SeccompChild() {}

    /**
     * Starts {@code main} in a JVM where {@code io_uring_setup} fails with {@code errno}. The flags
     * for native access are added to those given.
     */
    public static ChildJvm start(
            int errno, List<String> jvmFlags, Class<?> main, String... arguments) {
        List<String> flags = new ArrayList<>(jvmFlags);
        flags.add("--enable-native-access=ALL-UNNAMED");
        List<String> all = new ArrayList<>(List.of(Integer.toString(errno), main.getName()));
        all.addAll(List.of(arguments));
        return ChildJvm.start(flags, SeccompChild.class, all.toArray(String[]::new));
    }

    /** Arguments: the errno, the name of a class with a {@code main}, and its arguments. */
    public static void main(String[] arguments) throws ReflectiveOperationException {
        forbidSetup(Integer.parseInt(arguments[0]));
        List<String> rest = List.of(arguments).subList(2, arguments.length);
        var main = Class.forName(arguments[1]).getDeclaredMethod("main", String[].class);
        main.setAccessible(true); // a nested class of a test is not public
        main.invoke(null, (Object) rest.toArray(String[]::new));
    }

    private static void forbidSetup(int errno) {
        Machine machine = Machine.current();
        try (Arena arena = Arena.ofConfined()) {
            check("prctl", call(machine.prctl(), PR_SET_NO_NEW_PRIVS, 1, 0));
            MemorySegment filter = filter(arena, machine.auditArch(), errno);
            // struct sock_fprog (16): len u16@0, filter pointer@8.
            MemorySegment program = arena.allocate(2 * JAVA_LONG.byteSize(), JAVA_LONG.byteSize());
            program.set(JAVA_SHORT, 0, (short) (filter.byteSize() / INSTRUCTION_BYTES));
            program.set(ADDRESS, ADDRESS.byteSize(), filter);
            check(
                    "seccomp",
                    call(
                            machine.seccomp(),
                            SECCOMP_SET_MODE_FILTER,
                            SECCOMP_FILTER_FLAG_TSYNC, // the JVM's other threads run already
                            program.address()));
        }
    }

    private static MemorySegment filter(Arena arena, int auditArch, int errno) {
        MemorySegment filter = arena.allocate(6L * INSTRUCTION_BYTES, INSTRUCTION_BYTES);
        instruction(filter, 0, LOAD_WORD, 0, 0, DATA_ARCH);
        instruction(filter, 1, JUMP_IF_EQUAL, 0, 2, auditArch);
        instruction(filter, 2, LOAD_WORD, 0, 0, DATA_NR);
        instruction(filter, 3, JUMP_IF_EQUAL, 1, 0, IO_URING_SETUP);
        instruction(filter, 4, RETURN, 0, 0, SECCOMP_RET_ALLOW);
        instruction(filter, 5, RETURN, 0, 0, SECCOMP_RET_ERRNO | errno);
        return filter;
    }

    /** struct sock_filter (8): code u16@0, jump-true u8@2, jump-false u8@3, k u32@4. */
    private static void instruction(
            MemorySegment filter, int index, int code, int ifTrue, int ifFalse, int k) {
        long at = (long) index * INSTRUCTION_BYTES;
        filter.set(JAVA_SHORT, at, (short) code);
        filter.set(JAVA_BYTE, at + 2, (byte) ifTrue);
        filter.set(JAVA_BYTE, at + 3, (byte) ifFalse);
        filter.set(JAVA_INT, at + 4, k);
    }

    @SuppressWarnings("restricted")
    private static long call(long number, long a, long b, long c) {
        Linker linker = Linker.nativeLinker();
        MethodHandle syscall =
                linker.downcallHandle(
                        linker.defaultLookup().findOrThrow("syscall"),
                        FunctionDescriptor.of(
                                JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG,
                                JAVA_LONG),
                        Linker.Option.firstVariadicArg(1));
        try {
            return (long) syscall.invokeExact(number, a, b, c, 0L, 0L);
        } catch (RuntimeException | Error unchecked) {
            throw unchecked;
        } catch (Throwable impossible) {
            throw new AssertionError(impossible);
        }
    }

    private static void check(String call, long result) {
        if (result != 0) {
            throw new IllegalStateException(call + " failed: no filter, the test proves nothing");
        }
    }
}
