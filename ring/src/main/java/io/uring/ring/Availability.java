package io.uring.ring;

import io.uring.ring.internal.LinuxKernel;
import org.jspecify.annotations.Nullable;

/**
 * Whether this process can use io_uring, and if not, why and what to do about it. Found out once by
 * making a small ring.
 *
 * <pre>{@code
 * if (!Availability.get().isAvailable()) {
 *     log.log(WARNING, "falling back to NIO: " + Availability.get().cause().getMessage());
 * }
 * }</pre>
 */
public final class Availability {
    /** Found twice by two threads at most, with the same result. */
    private static volatile @Nullable Availability answer;

    private final @Nullable Capabilities capabilities;
    private final @Nullable UnavailableException cause;

    private Availability(
            @Nullable Capabilities capabilities, @Nullable UnavailableException cause) {
        this.capabilities = capabilities;
        this.cause = cause;
    }

    /**
     * The answer for this process; the first call takes a millisecond. A lack of descriptors or
     * memory may pass, so that answer is not kept.
     *
     * @throws IllegalArgumentException when the system property {@value Feature#MASK_PROPERTY}
     *     names no feature
     */
    public static Availability get() {
        Availability known = answer;
        if (known == null) {
            known = check();
            if (known.isAvailable() || !known.mayPass()) {
                answer = known;
            }
        }
        return known;
    }

    private boolean mayPass() {
        int errno = cause == null ? 0 : cause.errno();
        return errno == Errno.EMFILE || errno == Errno.ENFILE || errno == Errno.ENOMEM;
    }

    public boolean isAvailable() {
        return capabilities != null;
    }

    /** Why not, or null when it is available. */
    public @Nullable UnavailableException cause() {
        return cause;
    }

    /**
     * What a default ring can do here.
     *
     * @throws UnavailableException when io_uring is not available
     */
    public Capabilities capabilities() {
        if (cause != null) {
            throw cause;
        }
        return java.util.Objects.requireNonNull(capabilities);
    }

    private static Availability check() {
        try (Ring ring = Ring.open(RingConfig.ofEntries(2, 4))) {
            requireSockets(ring.capabilities());
            return new Availability(ring.capabilities(), null);
        } catch (UnavailableException e) {
            return new Availability(null, e);
        } catch (RingException e) {
            return new Availability(
                    null,
                    new UnavailableException(
                            "a trial ring", e.errno(), String.valueOf(e.getMessage())));
        }
    }

    /**
     * Throws unless a ring can carry sockets, which takes Linux 5.7: older ones can be opened, but
     * every wait on a socket would hold a kernel thread.
     *
     * @throws UnavailableException that names what is missing
     */
    public static void requireSockets(Capabilities capabilities) {
        for (Opcode needed :
                new Opcode[] {Opcode.ACCEPT, Opcode.CONNECT, Opcode.SEND, Opcode.RECV}) {
            if (!capabilities.supports(needed)) {
                throw tooOld("operation " + needed, needed.since());
            }
        }
        if (!capabilities.has(Feature.FAST_POLL)) {
            throw tooOld("feature FAST_POLL", Feature.FAST_POLL.since());
        }
    }

    /** The exception for a kernel that has io_uring, but not what a caller cannot do without. */
    public static UnavailableException tooOld(String what, String since) {
        return new UnavailableException(
                "io_uring without " + what,
                Errno.EOPNOTSUPP,
                "It came with Linux "
                        + since
                        + ", or the system property "
                        + Feature.MASK_PROPERTY
                        + " hides it.");
    }

    /** Throws when no system call can be made at all. */
    static void ensureSystemCalls() {
        Throwable failure = LinuxKernel.failure();
        if (failure instanceof IllegalCallerException) {
            throw new UnavailableException(
                    "native access is denied to this library",
                    "Start java with --enable-native-access=ALL-UNNAMED, or"
                            + " --enable-native-access=io.uring.ring on the module path.",
                    failure);
        }
        if (failure != null) {
            throw new UnavailableException(
                    "no system calls from this JVM (" + failure.getMessage() + ")",
                    "It needs Linux on x86-64, aarch64 or riscv64.",
                    failure);
        }
    }

    /** The exception for a set-up that failed for good. */
    static RingException failure(String call, int errno, boolean masked) {
        if (masked) {
            return new UnavailableException(
                    call,
                    errno,
                    "io_uring is masked by the system property " + Feature.MASK_PROPERTY + ".");
        }
        return switch (errno) {
            case Errno.EPERM, Errno.EACCES ->
                    new UnavailableException(
                            call,
                            errno,
                            "io_uring is disabled for this process: check the sysctl"
                                    + " kernel.io_uring_disabled (0 allows everyone) and the container's"
                                    + " seccomp profile, which must allow io_uring_setup, io_uring_enter"
                                    + " and io_uring_register.");
            case Errno.ENOSYS ->
                    new UnavailableException(
                            call,
                            errno,
                            "The kernel has no io_uring (it came with Linux 5.1), was built without"
                                    + " CONFIG_IO_URING, or a seccomp profile hides it.");
            case Errno.EINVAL ->
                    new UnavailableException(
                            call, errno, "The kernel's io_uring is too old for this library.");
            case Errno.ENOMEM ->
                    new RingException(
                            call,
                            errno,
                            "Not enough memory that may be locked: raise it with ulimit -l"
                                    + " (systemd: LimitMEMLOCK) or make fewer or smaller rings.");
            case Errno.EMFILE, Errno.ENFILE ->
                    new RingException(
                            call, errno, "No descriptors left: raise ulimit -n (LimitNOFILE).");
            default -> new RingException(call, errno);
        };
    }
}
