package io.uring.ring;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.uring.ring.internal.Abi;
import java.io.IOException;
import java.lang.reflect.Field;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The ABI constants, against this machine's headers and against the reference. */
final class AbiTest {
    private static final String HEADER = "linux/io_uring.h";

    @Test
    void layoutsAreThoseOfTheHeader(@TempDir Path directory) throws IOException {
        CProgram c = new CProgram();
        struct(c, "io_uring_params", Abi.PARAMS_BYTES);
        field(c, "io_uring_params", "sq_entries", Abi.PARAMS_SQ_ENTRIES);
        field(c, "io_uring_params", "cq_entries", Abi.PARAMS_CQ_ENTRIES);
        field(c, "io_uring_params", "flags", Abi.PARAMS_FLAGS);
        field(c, "io_uring_params", "features", Abi.PARAMS_FEATURES);
        field(c, "io_uring_params", "sq_off", Abi.PARAMS_SQ_OFF);
        field(c, "io_uring_params", "cq_off", Abi.PARAMS_CQ_OFF);
        for (String offsets : new String[] {"io_sqring_offsets", "io_cqring_offsets"}) {
            field(c, offsets, "head", Abi.OFF_HEAD);
            field(c, offsets, "tail", Abi.OFF_TAIL);
            field(c, offsets, "ring_mask", Abi.OFF_MASK);
        }
        field(c, "io_sqring_offsets", "flags", Abi.SQ_OFF_FLAGS);
        field(c, "io_sqring_offsets", "dropped", Abi.SQ_OFF_DROPPED);
        field(c, "io_sqring_offsets", "array", Abi.SQ_OFF_ARRAY);
        field(c, "io_cqring_offsets", "overflow", Abi.CQ_OFF_OVERFLOW);
        field(c, "io_cqring_offsets", "cqes", Abi.CQ_OFF_CQES);

        struct(c, "io_uring_sqe", Abi.SQE_BYTES);
        field(c, "io_uring_sqe", "opcode", Abi.SQE_OPCODE);
        field(c, "io_uring_sqe", "flags", Abi.SQE_FLAGS);
        field(c, "io_uring_sqe", "ioprio", Abi.SQE_IOPRIO);
        field(c, "io_uring_sqe", "fd", Abi.SQE_FD);
        field(c, "io_uring_sqe", "off", Abi.SQE_OFF);
        field(c, "io_uring_sqe", "addr", Abi.SQE_ADDR);
        field(c, "io_uring_sqe", "len", Abi.SQE_LEN);
        field(c, "io_uring_sqe", "msg_flags", Abi.SQE_OP_FLAGS);
        field(c, "io_uring_sqe", "user_data", Abi.SQE_USER_DATA);
        field(c, "io_uring_sqe", "buf_group", Abi.SQE_BUF_GROUP);
        field(c, "io_uring_sqe", "personality", Abi.SQE_PERSONALITY);
        field(c, "io_uring_sqe", "file_index", Abi.SQE_FILE_INDEX);
        field(c, "io_uring_sqe", "addr3", Abi.SQE_ADDR3);
        field(c, "io_uring_sqe", "__pad2", Abi.SQE_PAD2);

        struct(c, "io_uring_cqe", Abi.CQE_BYTES);
        field(c, "io_uring_cqe", "user_data", Abi.CQE_USER_DATA);
        field(c, "io_uring_cqe", "res", Abi.CQE_RES);
        field(c, "io_uring_cqe", "flags", Abi.CQE_FLAGS);
        c.verify(directory, HEADER, "linux/version.h");
    }

    @Test
    void smallStructuresAreThoseOfTheHeader(@TempDir Path directory) throws IOException {
        CProgram c = new CProgram();
        struct(c, "io_uring_getevents_arg", Abi.GETEVENTS_ARG_BYTES);
        field(c, "io_uring_getevents_arg", "ts", Abi.GETEVENTS_ARG_TS);
        struct(c, "__kernel_timespec", Abi.TIMESPEC_BYTES);
        struct(c, "io_uring_rsrc_update", Abi.RSRC_UPDATE_BYTES);
        field(c, "io_uring_rsrc_update", "offset", Abi.RSRC_UPDATE_OFFSET);
        field(c, "io_uring_rsrc_update", "data", Abi.RSRC_UPDATE_DATA);
        field(c, "io_uring_probe", "last_op", Abi.PROBE_LAST_OP);
        struct(c, "io_uring_probe", Abi.PROBE_OPS);
        struct(c, "io_uring_probe_op", Abi.PROBE_OP_BYTES);
        field(c, "io_uring_probe_op", "flags", Abi.PROBE_OP_FLAGS);
        struct(c, "io_uring_buf", Abi.BUF_BYTES);
        field(c, "io_uring_buf", "addr", Abi.BUF_ADDR);
        field(c, "io_uring_buf", "len", Abi.BUF_LEN);
        field(c, "io_uring_buf", "bid", Abi.BUF_BID);
        field(c, "io_uring_buf_ring", "tail", Abi.BUF_RING_TAIL);
        struct(c, "io_uring_buf_reg", Abi.BUF_REG_BYTES);
        field(c, "io_uring_buf_reg", "ring_addr", Abi.BUF_REG_ADDR);
        field(c, "io_uring_buf_reg", "ring_entries", Abi.BUF_REG_ENTRIES);
        field(c, "io_uring_buf_reg", "bgid", Abi.BUF_REG_BGID);
        assertEquals(Abi.BUF_REG_BGID + 2, Abi.BUF_REG_FLAGS); // "pad" before 6.4
        c.verify(directory, HEADER, "linux/time_types.h");
    }

    /** Flags whose constants are named as in the header, family by family. */
    @Test
    void familiesOfFlagsAreThoseOfTheHeader(@TempDir Path directory) throws Exception {
        Map<String, String> families =
                Map.of(
                        "SETUP_", "IORING_SETUP_",
                        "ENTER_", "IORING_ENTER_",
                        "IOSQE_", "IOSQE_",
                        "ASYNC_CANCEL_", "IORING_ASYNC_CANCEL_");
        CProgram c = new CProgram();
        int count = 0;
        for (Field field : Abi.class.getFields()) {
            for (var family : families.entrySet()) {
                if (field.getName().startsWith(family.getKey())) {
                    String name = field.getName().substring(family.getKey().length());
                    c.expectMacro(
                            family.getValue() + name, Integer.toUnsignedLong(field.getInt(null)));
                    count++;
                }
            }
        }
        assertTrue(count > 30, "only " + count);
        c.verify(directory, HEADER);
    }

    @Test
    void flagsAreThoseOfTheHeader(@TempDir Path directory) throws IOException {
        CProgram c = new CProgram();
        for (Feature feature : Feature.values()) {
            switch (feature.kind()) {
                case SETUP -> c.expectMacro("IORING_SETUP_" + feature.name(), feature.bit());
                case FEATURE -> c.expectMacro("IORING_FEAT_" + feature.name(), feature.bit());
                case OTHER -> assertEquals(0, feature.bit(), feature.name());
            }
        }
        c.expectMacro("IORING_OFF_SQ_RING", Abi.MMAP_SQ_RING);
        c.expectMacro("IORING_OFF_CQ_RING", Abi.MMAP_CQ_RING);
        c.expectMacro("IORING_OFF_SQES", Abi.MMAP_SQES);
        c.expectMacro("IOSQE_FIXED_FILE", Abi.IOSQE_FIXED_FILE);
        c.expectMacro("IOSQE_BUFFER_SELECT", Abi.IOSQE_BUFFER_SELECT);
        c.expectMacro("IORING_SQ_NEED_WAKEUP", Abi.SQ_NEED_WAKEUP);
        c.expectMacro("IORING_SQ_CQ_OVERFLOW", Abi.SQ_CQ_OVERFLOW);
        c.expectMacro("IORING_SQ_TASKRUN", Abi.SQ_TASKRUN);
        c.expectMacro("IORING_ENTER_GETEVENTS", Abi.ENTER_GETEVENTS);
        c.expectMacro("IORING_ENTER_EXT_ARG", Abi.ENTER_EXT_ARG);
        c.expectMacro("IORING_ENTER_REGISTERED_RING", Abi.ENTER_REGISTERED_RING);
        c.expectMacro("IORING_ENTER_NO_IOWAIT", Abi.ENTER_NO_IOWAIT);
        c.expectMacro("IORING_RECVSEND_POLL_FIRST", Abi.RECVSEND_POLL_FIRST);
        c.expectMacro("IORING_RECV_MULTISHOT", Abi.RECV_MULTISHOT);
        c.expectMacro("IORING_ACCEPT_MULTISHOT", Abi.ACCEPT_MULTISHOT);
        c.expectMacro("IORING_POLL_ADD_MULTI", Abi.POLL_ADD_MULTI);
        c.expectMacro("IORING_ASYNC_CANCEL_ALL", Abi.ASYNC_CANCEL_ALL);
        c.expectMacro("IORING_ASYNC_CANCEL_FD", Abi.ASYNC_CANCEL_FD);
        c.expectMacro("IORING_ASYNC_CANCEL_ANY", Abi.ASYNC_CANCEL_ANY);
        c.expectMacro("IORING_ASYNC_CANCEL_FD_FIXED", Abi.ASYNC_CANCEL_FD_FIXED);
        c.expectMacro("IO_URING_OP_SUPPORTED", Abi.PROBE_SUPPORTED);
        c.expectMacro("IORING_CQE_F_BUFFER", Cqe.F_BUFFER);
        c.expectMacro("IORING_CQE_F_MORE", Cqe.F_MORE);
        c.expectMacro("IORING_CQE_F_SOCK_NONEMPTY", Cqe.F_SOCK_NONEMPTY);
        c.expectMacro("IORING_CQE_F_NOTIF", Cqe.F_NOTIF);
        c.expectMacro("IORING_CQE_F_BUF_MORE", Cqe.F_BUF_MORE);
        c.expectMacro("IORING_CQE_F_SKIP", Cqe.F_SKIP);
        c.verify(directory, HEADER);
    }

    @Test
    void numbersAreThoseOfTheHeader(@TempDir Path directory) throws IOException {
        CProgram c = new CProgram();
        for (Opcode opcode : Opcode.values()) {
            c.expectSince(opcode.since(), "IORING_OP_" + opcode.name(), opcode.code());
        }
        c.expectSince("5.6", "IORING_REGISTER_PROBE", Abi.REGISTER_PROBE);
        c.expectSince("5.10", "IORING_REGISTER_ENABLE_RINGS", Abi.REGISTER_ENABLE_RINGS);
        c.expectSince("5.18", "IORING_REGISTER_RING_FDS", Abi.REGISTER_RING_FDS);
        c.expectSince("5.18", "IORING_UNREGISTER_RING_FDS", Abi.UNREGISTER_RING_FDS);
        c.expectSince("5.19", "IORING_REGISTER_PBUF_RING", Abi.REGISTER_PBUF_RING);
        c.expectSince("5.19", "IORING_UNREGISTER_PBUF_RING", Abi.UNREGISTER_PBUF_RING);
        c.expectSince("6.13", "IORING_REGISTER_SEND_MSG_RING", Abi.REGISTER_SEND_MSG_RING);
        c.expectSince("6.12", "IOU_PBUF_RING_INC", Abi.PBUF_RING_INC);
        c.expectSince("6.0", "IORING_MSG_DATA", Abi.MSG_RING_DATA);
        c.verify(directory, HEADER, "linux/version.h");
    }

    @Test
    void errorNumbersAndSocketFlagsAreThoseOfTheHeaders(@TempDir Path directory)
            throws IOException {
        CProgram c = new CProgram();
        ErrnoTest.reference().forEach(c::expect);
        c.expect("MSG_DONTWAIT", SocketOps.MSG_DONTWAIT);
        c.expect("MSG_WAITALL", SocketOps.MSG_WAITALL);
        c.expect("MSG_NOSIGNAL", SocketOps.MSG_NOSIGNAL);
        c.expect("MSG_MORE", SocketOps.MSG_MORE);
        c.expect("SOCK_NONBLOCK", SocketOps.SOCK_NONBLOCK);
        c.expect("SOCK_CLOEXEC", SocketOps.SOCK_CLOEXEC);
        c.expect("SHUT_RD", SocketOps.SHUT_RD);
        c.expect("SHUT_WR", SocketOps.SHUT_WR);
        c.expect("SHUT_RDWR", SocketOps.SHUT_RDWR);
        c.expect("POLLIN", PollOps.IN);
        c.expect("POLLOUT", PollOps.OUT);
        c.expect("POLLERR", PollOps.ERR);
        c.expect("POLLHUP", PollOps.HUP);
        c.expectMacro("POLLRDHUP", PollOps.RDHUP);
        c.verify(directory, "errno.h", "sys/socket.h", "poll.h");
    }

    /** What older headers do not have, from the reference. */
    @Test
    void newestConstantsAreThoseOfTheReference() {
        assertEquals(31, Abi.REGISTER_SEND_MSG_RING);
        assertEquals(2, Abi.PBUF_RING_INC);
        assertEquals(0x80, Abi.ENTER_NO_IOWAIT);
        assertEquals(0x10000, Feature.NO_SQARRAY.bit());
        assertEquals(0x20000, Feature.NO_IOWAIT.bit());
        assertEquals(16, Cqe.F_BUF_MORE);
        assertEquals(32, Cqe.F_SKIP);
        assertEquals(0xFFFF, Cqe.bufferId(0xFFFF0001));
    }

    private static void struct(CProgram c, String name, long bytes) {
        c.expect("sizeof(struct " + name + ")", bytes);
    }

    private static void field(CProgram c, String struct, String name, long offset) {
        c.expect("offsetof(struct " + struct + ", " + name + ")", offset);
    }
}
