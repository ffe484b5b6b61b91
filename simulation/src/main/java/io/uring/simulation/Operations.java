package io.uring.simulation;

import io.uring.ring.Errno;
import io.uring.ring.Opcode;
import io.uring.ring.internal.Abi;
import io.uring.ring.internal.NativeMemory;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What each operation does when it is tried: it completes, or goes on waiting. Memory of the user's
 * is read as late and written as late as Linux may: when the operation ends, and when its
 * completion is shown.
 */
final class Operations {
    private static final Set<Opcode> KNOWN =
            Set.of(
                    Opcode.NOP,
                    Opcode.TIMEOUT,
                    Opcode.ASYNC_CANCEL,
                    Opcode.POLL_ADD,
                    Opcode.ACCEPT,
                    Opcode.CONNECT,
                    Opcode.RECV,
                    Opcode.SEND,
                    Opcode.SENDMSG,
                    Opcode.RECVMSG,
                    Opcode.SEND_ZC,
                    Opcode.SENDMSG_ZC,
                    Opcode.SHUTDOWN,
                    Opcode.CLOSE,
                    Opcode.READ,
                    Opcode.SOCKET,
                    Opcode.MADVISE,
                    Opcode.MSG_RING);

    private static final Set<Opcode> WITHOUT_FILE =
            Set.of(
                    Opcode.NOP,
                    Opcode.TIMEOUT,
                    Opcode.ASYNC_CANCEL,
                    Opcode.CLOSE,
                    Opcode.SOCKET,
                    Opcode.MADVISE);

    /** Those that wait, so that something may come between. */
    private static final Set<Opcode> INTERRUPTIBLE =
            Set.of(
                    Opcode.POLL_ADD,
                    Opcode.ACCEPT,
                    Opcode.RECV,
                    Opcode.SEND,
                    Opcode.SENDMSG,
                    Opcode.RECVMSG,
                    Opcode.READ);

    private static final Fault[] ENDS = {
        Fault.OPERATION_EINTR, Fault.OPERATION_EAGAIN, Fault.OPERATION_ECANCELED
    };
    private static final int[] END_RESULTS = {-Errno.EINTR, -Errno.EAGAIN, -Errno.ECANCELED};

    private static final long NANOS_PER_SECOND = 1_000_000_000L;

    /** Enough to be noticed. */
    private static final int SPOILT_BYTES = 256;

    /** So many receives in a row, then it is somebody else's turn. */
    private static final int FAIR_RECEIVES = 32;

    private final World world;
    private final Network network;
    private final boolean stable;
    private final Cancellations cancellations;
    private final DatagramOperations datagrams;

    Operations(World world, Network network) {
        this.world = world;
        this.network = network;
        this.stable = world.plan.has(io.uring.ring.Feature.SUBMIT_STABLE);
        this.cancellations = new Cancellations(world);
        this.datagrams = new DatagramOperations(world);
    }

    boolean supports(int opcode) {
        Opcode[] all = Opcode.values();
        return opcode < all.length
                && KNOWN.contains(all[opcode])
                && world.plan.hasRelease(all[opcode].since());
    }

    boolean isMultishot(Request request) {
        return switch (request.operation()) {
            case ACCEPT -> (request.ioprio & Abi.ACCEPT_MULTISHOT) != 0;
            case RECV, RECVMSG -> (request.ioprio & Abi.RECV_MULTISHOT) != 0;
            case POLL_ADD -> (request.len & Abi.POLL_ADD_MULTI) != 0;
            default -> false;
        };
    }

    /** What is checked and read at submission; 0 or {@code -errno}. */
    int prepare(Request request) {
        Opcode opcode = request.operation();
        if (!WITHOUT_FILE.contains(opcode)) {
            OpenFile file = world.descriptors.get(request.fd);
            if (file == null) {
                world.problem("an operation on a closed descriptor: " + request);
                return -Errno.EBADF;
            }
            file.retain();
            request.file = file;
        }
        boolean receive = opcode == Opcode.RECV || opcode == Opcode.RECVMSG;
        String needs = isMultishot(request) ? receive ? "6.0" : "5.19" : "5.1";
        if (!world.plan.hasRelease(needs)) {
            return -Errno.EINVAL;
        }
        switch (opcode) {
            case SEND, SENDMSG, SEND_ZC, SENDMSG_ZC -> {
                if (stable) {
                    request.findPieces();
                }
            }
            case TIMEOUT -> startTimeout(request);
            default -> {}
        }
        if (INTERRUPTIBLE.contains(opcode)) {
            mayEndEarly(request);
        }
        return 0;
    }

    private void mayEndEarly(Request request) {
        for (int i = 0; i < ENDS.length; i++) {
            if (world.dice.strikes(ENDS[i])) {
                int result = END_RESULTS[i];
                world.agenda.in(
                        world.dice.delayNanos(),
                        () -> {
                            if (!request.ended) {
                                request.ring.complete(request, result, 0);
                            }
                        });
                return;
            }
        }
    }

    private void startTimeout(Request request) {
        long nanos =
                NativeMemory.getLong(request.addr) * NANOS_PER_SECOND
                        + NativeMemory.getLong(request.addr + Long.BYTES);
        request.progress = (int) request.off;
        world.agenda.in(
                nanos,
                () -> {
                    if (!request.ended) {
                        request.ring.complete(request, -Errno.ETIME, 0);
                    }
                });
    }

    /** Tries an operation. */
    void attempt(Request request) {
        SimulatedRing ring = request.ring;
        switch (request.operation()) {
            case NOP -> ring.complete(request, 0, 0);
            case TIMEOUT -> {}
            case ASYNC_CANCEL -> ring.complete(request, cancellations.cancel(request), 0);
            case POLL_ADD -> poll(request);
            case ACCEPT -> accept(request);
            case CONNECT -> connect(request);
            case RECV -> receive(request);
            case RECVMSG -> receiveMessage(request);
            case SEND, SENDMSG -> send(request, false);
            case SEND_ZC, SENDMSG_ZC -> send(request, true);
            case SHUTDOWN -> ring.complete(request, shutdown(request), 0);
            case CLOSE -> ring.complete(request, close(request), 0);
            case READ -> read(request);
            case SOCKET -> ring.complete(request, socket(request), 0);
            case MADVISE -> discard(request);
            case MSG_RING -> ring.complete(request, message(request), 0);
            default -> throw new AssertionError(request);
        }
    }

    private static @Nullable SimulatedSocket socketOf(Request request) {
        return request.file instanceof SimulatedSocket socket ? socket : null;
    }

    private void poll(Request request) {
        OpenFile file = request.file;
        int ready = file == null ? 0 : file.readiness() & (request.opFlags | Poll.ALWAYS);
        if (ready != 0) {
            request.ring.complete(request, ready, 0); // a multishot one may end at any time
        }
    }

    private void accept(Request request) {
        SimulatedSocket listener = socketOf(request);
        if (listener == null || !listener.isListening() || listener.isShut()) {
            request.ring.complete(request, -Errno.EINVAL, 0);
            return;
        }
        while (!request.ended && listener.backlogSize() > 0) {
            if (world.dice.strikes(Fault.NO_DESCRIPTORS)) {
                request.ring.complete(request, -Errno.EMFILE, 0);
                return;
            }
            SimulatedSocket connection = java.util.Objects.requireNonNull(listener.pollBacklog());
            if (world.dice.strikes(Fault.ACCEPT_ABORTED)) {
                connection.lingerZero = true;
                connection.released();
                request.ring.complete(request, -Errno.ECONNABORTED, 0);
                return;
            }
            int fd = world.descriptors.add(connection);
            boolean more = isMultishot(request) && !world.dice.strikes(Fault.LOST_MORE);
            request.ring.complete(request, fd, more ? Completion.F_MORE : 0);
        }
    }

    private void connect(Request request) {
        SimulatedSocket socket = socketOf(request);
        if (socket == null) {
            request.ring.complete(request, -Errno.EINVAL, 0);
            return;
        }
        if (request.progress == 0) {
            request.progress = 1;
            request.ring.startLater(request, world.dice.delayNanos());
            return;
        }
        int port =
                socket.isUnix()
                        ? network.port(SocketSystemCalls.path(request.addr))
                        : SocketSystemCalls.port(request.addr);
        if (world.dice.strikes(Fault.CONNECT_FAILED)) {
            int error = world.dice.flip() ? Errno.ECONNREFUSED : Errno.ETIMEDOUT;
            request.ring.complete(request, -error, 0);
            return;
        }
        int result = network.connect(socket, port);
        if (result == SimulatedSocket.WAIT) {
            request.ring.startLater(request, world.dice.delayNanos() + 1);
        } else {
            request.ring.complete(request, result, 0);
        }
    }

    private void receive(Request request) {
        SimulatedSocket socket = socketOf(request);
        if (socket == null) {
            request.ring.complete(request, -Errno.EINVAL, 0);
            return;
        }
        for (int i = 0; i < FAIR_RECEIVES && !request.ended; i++) {
            int there = socket.receivable();
            if (there == SimulatedSocket.WAIT) {
                spoil(request);
                return;
            }
            if (there <= 0) {
                request.ring.complete(request, there, 0);
                return;
            }
            if (world.dice.strikes(Fault.SHORT_RECEIVE)) {
                there = world.dice.upTo(there);
            }
            if (request.selectsBuffer()) {
                receiveSelected(request, socket, there);
            } else {
                byte[] bytes = socket.receive(Math.min(there, request.len));
                request.ring.complete(request, bytes.length, 0, request.addr, bytes, null);
            }
        }
        if (!request.ended) {
            world.agenda.in(0, () -> {}); // it goes on by itself
        }
    }

    /** The buffer of a receive that waits is the kernel's: whoever uses it already finds out. */
    private void spoil(Request request) {
        if (!request.selectsBuffer()) {
            world.memory.scribble(request.addr, Math.min(request.len, SPOILT_BYTES), request);
        }
    }

    private void receiveSelected(Request request, SimulatedSocket socket, int there) {
        ProvidedBuffers group = request.ring.groups.get(request.group);
        int wanted = request.len == 0 ? there : Math.min(there, request.len);
        boolean none = world.dice.strikes(Fault.NO_BUFFERS);
        ProvidedBuffers.Taken taken = none || group == null ? null : group.take(wanted);
        if (group == null || taken == null) {
            request.ring.complete(request, -Errno.ENOBUFS, 0);
            return;
        }
        byte[] bytes = socket.receive(taken.bytes());
        boolean more = isMultishot(request) && !world.dice.strikes(Fault.LOST_MORE);
        int flags = taken.flags() | (more ? Completion.F_MORE : 0);
        flags |= socket.hasMore() ? Completion.F_SOCK_NONEMPTY : 0;
        ProvidedBuffers series = group.isIncremental() ? group : null;
        request.ring.complete(request, bytes.length, flags, taken.address(), bytes, series);
    }

    private void receiveMessage(Request request) {
        if (request.file instanceof SimulatedDatagramSocket socket) {
            datagrams.receive(request, socket, isMultishot(request));
        } else {
            request.ring.complete(request, -Errno.EOPNOTSUPP, 0); // nobody receives so from streams
        }
    }

    private void send(Request request, boolean zeroCopy) {
        if (request.file instanceof SimulatedDatagramSocket to && !zeroCopy) {
            if (!stable) {
                request.findPieces();
            }
            datagrams.send(request, to);
            return;
        }
        SimulatedSocket socket = socketOf(request);
        int room = socket == null ? -Errno.EINVAL : socket.room();
        if (room == SimulatedSocket.WAIT) {
            return;
        }
        if (zeroCopy && socket != null && socket.isUnix()) {
            request.ring.complete(request, -Errno.EOPNOTSUPP, 0);
            return;
        }
        if (zeroCopy && room > 0 && world.dice.strikes(Fault.NO_LOCKED_MEMORY)) {
            refuse(request);
            return;
        }
        if (!stable) {
            request.findPieces();
        }
        int result = room;
        byte[] bytes = {};
        if (socket != null && room > 0) {
            int count = (int) Math.min(room, request.pieceBytes());
            if (count > 0 && world.dice.strikes(Fault.SHORT_SEND)) {
                count = world.dice.upTo(count);
            }
            bytes = request.readPieces(world.memory, count);
            socket.send(bytes);
            result = count;
        }
        if (!zeroCopy) {
            request.ring.complete(request, result, 0);
            return;
        }
        notifyLater(request, result, bytes);
    }

    private void notifyLater(Request request, int result, byte[] lent) {
        request.ring.complete(request, result, Completion.F_MORE);
        request.ring.setAside(request);
        request.lent = lent;
        world.agenda.in(
                world.dice.delayNanos(),
                () -> request.ring.complete(request, 0, Completion.F_NOTIF));
    }

    /** With a notification, when it had one before it came to the memory. */
    private void refuse(Request request) {
        int result = world.dice.flip() ? -Errno.ENOMEM : -Errno.ENOBUFS;
        if (world.dice.flip()) {
            request.ring.complete(request, result, 0);
        } else {
            notifyLater(request, result, new byte[0]);
        }
    }

    private int shutdown(Request request) {
        SimulatedSocket socket = socketOf(request);
        boolean input = request.len != 1;
        boolean output = request.len != 0;
        return socket == null ? -Errno.EINVAL : socket.shutdown(input, output);
    }

    private int close(Request request) {
        if (world.descriptors.get(request.fd) instanceof SimulatedRing) {
            return -Errno.EBADF;
        }
        return world.descriptors.close(request.fd, request) ? 0 : -Errno.EBADF;
    }

    private int socket(Request request) {
        return world.dice.strikes(Fault.NO_DESCRIPTORS)
                ? -Errno.EMFILE
                : world.descriptors.add(network.newSocket(request.fd));
    }

    private void read(Request request) {
        if (!(request.file instanceof EventCounter counter)) {
            request.ring.complete(request, -Errno.EINVAL, 0);
        } else if (counter.value > 0) {
            byte[] value = new byte[Long.BYTES];
            java.nio.ByteBuffer.wrap(value)
                    .order(java.nio.ByteOrder.nativeOrder())
                    .putLong(counter.value);
            counter.value = 0;
            request.ring.complete(request, Long.BYTES, 0, request.addr, value, null);
        }
    }

    /** MADV_DONTNEED: what was there is gone. */
    private void discard(Request request) {
        world.memory.write(request.addr, new byte[request.len], request);
        request.ring.complete(request, 0, 0);
    }

    private static int message(Request request) {
        if (!(request.file instanceof SimulatedRing target) || !target.isEnabled()) {
            return -Errno.EBADFD;
        }
        target.message(request.off, request.len);
        return 0;
    }

    /** Just before a completion is shown: what Linux may do up to then. */
    void beforeShown(Request request, Completion completion) {
        byte[] data = completion.data;
        if (data != null) {
            world.memory.write(completion.address, data, request);
            return;
        }
        boolean ownBuffer = !request.selectsBuffer() && completion.result < 0;
        if (ownBuffer && request.operation() == Opcode.RECV && completion.isLast()) {
            world.memory.scribble(request.addr, request.len, request);
        }
        byte[] lent = request.lent;
        if (lent != null && (completion.flags & Completion.F_NOTIF) != 0) {
            byte[] now = request.readPieces(world.memory, lent.length);
            if (!java.util.Arrays.equals(now, lent)) {
                world.problem("memory changed before its notification: " + request);
            }
        }
    }
}
