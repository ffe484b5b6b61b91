package io.uring.netty;

import io.uring.ring.DatagramOps;
import io.uring.ring.Descriptor;
import io.uring.ring.MessageHeader;
import io.uring.ring.Sqe;
import io.uring.ring.internal.SocketCalls;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * A message of a unix socket that carries descriptors (SCM_RIGHTS) along with one byte, since
 * control messages need data to go with. One byte only, so that what follows can be read in the
 * other mode.
 *
 * <p>cmsghdr: length 0, level 8, type 12, data 16; the next one is aligned to 8.
 */
final class DescriptorMessage {
    private static final int SCM_RIGHTS = 1;
    private static final int MSG_CTRUNC = 0x8;
    private static final int MSG_CMSG_CLOEXEC = 0x40000000;
    private static final int LEVEL = 8;
    private static final int TYPE = 12;
    private static final int DATA = 16;

    /** As many as the kernel passes in one message: SCM_MAX_FD. */
    private static final int DESCRIPTORS_MAX = 253;

    /** Other control messages, for which an application may have set options, come first. */
    private static final int OTHERS_BYTES = 256;

    private final MessageHeader header;
    private final MemorySegment control;

    private DescriptorMessage(int controlBytes) {
        Arena arena = Arena.ofAuto(); // as long as an operation names it
        header = new MessageHeader(arena, 1).add(arena.allocate(1), 0, 1);
        control = arena.allocate(controlBytes, Long.BYTES);
    }

    /** One to send a descriptor with. */
    static DescriptorMessage toSend() {
        return new DescriptorMessage(DATA + Long.BYTES);
    }

    /** One with room for all that a message can carry. */
    static DescriptorMessage toReceive() {
        return new DescriptorMessage(
                aligned(DATA + DESCRIPTORS_MAX * Integer.BYTES) + OTHERS_BYTES);
    }

    private static int aligned(int bytes) {
        return (bytes + Long.BYTES - 1) & -Long.BYTES;
    }

    /** The kernel takes its own reference to {@code fd}, when the operation completes at last. */
    void send(Sqe sqe, Descriptor socket, int fd, int messageFlags) {
        control.set(ValueLayout.JAVA_LONG, 0, DATA + Integer.BYTES);
        control.set(ValueLayout.JAVA_INT, LEVEL, SocketCalls.SOL_SOCKET);
        control.set(ValueLayout.JAVA_INT, TYPE, SCM_RIGHTS);
        control.set(ValueLayout.JAVA_INT, DATA, fd);
        header.control(control);
        DatagramOps.sendmsg(sqe, socket, header, messageFlags);
    }

    void receive(Sqe sqe, Descriptor socket) {
        header.control(control); // the last receive has left its own length there
        DatagramOps.recvmsg(sqe, socket, header, MSG_CMSG_CLOEXEC);
    }

    /** The numbers that a receive brought; whoever asks must close them. */
    int[] received() {
        int[] all = new int[DESCRIPTORS_MAX];
        int count = 0;
        int end = (int) header.controlBytes();
        for (int at = 0; at + DATA <= end; ) {
            int length = (int) control.get(ValueLayout.JAVA_LONG, at);
            if (length < DATA) {
                break;
            }
            if (control.get(ValueLayout.JAVA_INT, at + LEVEL) == SocketCalls.SOL_SOCKET
                    && control.get(ValueLayout.JAVA_INT, at + TYPE) == SCM_RIGHTS) {
                for (int i = DATA; i + Integer.BYTES <= length; i += Integer.BYTES) {
                    all[count++] = control.get(ValueLayout.JAVA_INT, at + i);
                }
            }
            at += aligned(length);
        }
        return Arrays.copyOf(all, count);
    }

    /** What is wrong with a message that brought {@code count} descriptors; null for nothing. */
    @Nullable IOException complaint(int count, UringChannel channel) {
        if ((header.flags() & MSG_CTRUNC) != 0) {
            return new IOException(
                    "recvmsg of "
                            + channel
                            + ": the kernel dropped descriptors, since this process may open no"
                            + " more (EMFILE): raise its limit (ulimit -n)");
        }
        return count > 0
                ? null
                : new IOException(
                        "recvmsg of "
                                + channel
                                + ": a byte without a descriptor, in the mode FILE_DESCRIPTORS");
    }
}
