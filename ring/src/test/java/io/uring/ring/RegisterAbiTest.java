package io.uring.ring;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.uring.ring.internal.Abi;
import io.uring.ring.internal.RegisterAbi;
import java.io.IOException;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The constants of register calls, against this machine's header and against the reference. */
final class RegisterAbiTest {
    private static final String HEADER = "linux/io_uring.h";

    @Test
    void callsAreThoseOfTheHeader(@TempDir Path directory) throws IOException {
        CProgram c = new CProgram();
        register(c, "5.1", "UNREGISTER_BUFFERS", RegisterAbi.UNREGISTER_BUFFERS);
        register(c, "5.1", "UNREGISTER_FILES", RegisterAbi.UNREGISTER_FILES);
        register(c, "5.2", "REGISTER_EVENTFD", RegisterAbi.REGISTER_EVENTFD);
        register(c, "5.2", "UNREGISTER_EVENTFD", RegisterAbi.UNREGISTER_EVENTFD);
        register(c, "5.5", "REGISTER_FILES_UPDATE", RegisterAbi.REGISTER_FILES_UPDATE);
        register(c, "5.6", "REGISTER_EVENTFD_ASYNC", RegisterAbi.REGISTER_EVENTFD_ASYNC);
        register(c, "5.10", "REGISTER_RESTRICTIONS", RegisterAbi.REGISTER_RESTRICTIONS);
        register(c, "5.13", "REGISTER_FILES2", RegisterAbi.REGISTER_FILES2);
        register(c, "5.13", "REGISTER_FILES_UPDATE2", RegisterAbi.REGISTER_FILES_UPDATE2);
        register(c, "5.13", "REGISTER_BUFFERS2", RegisterAbi.REGISTER_BUFFERS2);
        register(c, "5.13", "REGISTER_BUFFERS_UPDATE", RegisterAbi.REGISTER_BUFFERS_UPDATE);
        register(c, "5.14", "REGISTER_IOWQ_AFF", RegisterAbi.REGISTER_IOWQ_AFF);
        register(c, "5.14", "UNREGISTER_IOWQ_AFF", RegisterAbi.UNREGISTER_IOWQ_AFF);
        register(c, "5.15", "REGISTER_IOWQ_MAX_WORKERS", RegisterAbi.REGISTER_IOWQ_MAX_WORKERS);
        register(c, "6.0", "REGISTER_SYNC_CANCEL", RegisterAbi.REGISTER_SYNC_CANCEL);
        register(c, "6.0", "REGISTER_FILE_ALLOC_RANGE", RegisterAbi.REGISTER_FILE_ALLOC_RANGE);
        register(c, "6.8", "REGISTER_PBUF_STATUS", RegisterAbi.REGISTER_PBUF_STATUS);
        register(c, "6.9", "REGISTER_NAPI", RegisterAbi.REGISTER_NAPI);
        register(c, "6.9", "UNREGISTER_NAPI", RegisterAbi.UNREGISTER_NAPI);
        register(c, "6.12", "REGISTER_CLOCK", RegisterAbi.REGISTER_CLOCK);
        register(c, "6.12", "REGISTER_CLONE_BUFFERS", RegisterAbi.REGISTER_CLONE_BUFFERS);
        register(c, "6.15", "REGISTER_ZCRX_IFQ", RegisterAbi.REGISTER_ZCRX_IFQ);
        register(c, "6.18", "REGISTER_QUERY", RegisterAbi.REGISTER_QUERY);
        c.verify(directory, HEADER, "linux/version.h");
    }

    @Test
    void structuresAreThoseOfTheHeader(@TempDir Path directory) throws IOException {
        CProgram c = new CProgram();
        struct(c, "5.13", "rsrc_register", RegisterAbi.RSRC_REGISTER_BYTES);
        field(c, "5.13", "rsrc_register", "nr", RegisterAbi.RSRC_REGISTER_NR);
        field(c, "5.19", "rsrc_register", "flags", RegisterAbi.RSRC_REGISTER_FLAGS);
        field(c, "5.13", "rsrc_register", "data", RegisterAbi.RSRC_REGISTER_DATA);
        field(c, "5.13", "rsrc_register", "tags", RegisterAbi.RSRC_REGISTER_TAGS);
        struct(c, "5.13", "rsrc_update2", RegisterAbi.RSRC_UPDATE2_BYTES);
        field(c, "5.13", "rsrc_update2", "offset", RegisterAbi.RSRC_UPDATE2_OFFSET);
        field(c, "5.13", "rsrc_update2", "data", RegisterAbi.RSRC_UPDATE2_DATA);
        field(c, "5.13", "rsrc_update2", "tags", RegisterAbi.RSRC_UPDATE2_TAGS);
        field(c, "5.13", "rsrc_update2", "nr", RegisterAbi.RSRC_UPDATE2_NR);
        struct(c, "5.10", "restriction", RegisterAbi.RESTRICTION_BYTES);
        field(c, "5.10", "restriction", "opcode", RegisterAbi.RESTRICTION_OPCODE);
        field(c, "5.10", "restriction", "sqe_op", RegisterAbi.RESTRICTION_VALUE);
        struct(c, "6.0", "sync_cancel_reg", RegisterAbi.SYNC_CANCEL_BYTES);
        field(c, "6.0", "sync_cancel_reg", "addr", RegisterAbi.SYNC_CANCEL_ADDR);
        field(c, "6.0", "sync_cancel_reg", "fd", RegisterAbi.SYNC_CANCEL_FD);
        field(c, "6.0", "sync_cancel_reg", "flags", RegisterAbi.SYNC_CANCEL_FLAGS);
        field(c, "6.0", "sync_cancel_reg", "timeout", RegisterAbi.SYNC_CANCEL_TIMEOUT);
        field(c, "6.6", "sync_cancel_reg", "opcode", RegisterAbi.SYNC_CANCEL_OPCODE);
        struct(c, "6.0", "file_index_range", RegisterAbi.FILE_INDEX_RANGE_BYTES);
        field(c, "6.0", "file_index_range", "off", RegisterAbi.FILE_INDEX_RANGE_OFF);
        field(c, "6.0", "file_index_range", "len", RegisterAbi.FILE_INDEX_RANGE_LEN);
        c.verify(directory, HEADER, "linux/version.h");
    }

    @Test
    void newerStructuresAreThoseOfTheHeader(@TempDir Path directory) throws IOException {
        CProgram c = new CProgram();
        struct(c, "5.19", "buf_reg", Abi.BUF_REG_BYTES); // old headers know no other
        struct(c, "6.8", "buf_status", RegisterAbi.BUF_STATUS_BYTES);
        field(c, "6.8", "buf_status", "buf_group", RegisterAbi.BUF_STATUS_GROUP);
        field(c, "6.8", "buf_status", "head", RegisterAbi.BUF_STATUS_HEAD);
        struct(c, "6.9", "napi", RegisterAbi.NAPI_BYTES);
        field(c, "6.9", "napi", "busy_poll_to", RegisterAbi.NAPI_BUSY_POLL_TO);
        field(c, "6.9", "napi", "prefer_busy_poll", RegisterAbi.NAPI_PREFER_BUSY_POLL);
        field(c, "6.13", "napi", "opcode", RegisterAbi.NAPI_OPCODE);
        field(c, "6.13", "napi", "op_param", RegisterAbi.NAPI_OP_PARAM);
        struct(c, "6.12", "clock_register", RegisterAbi.CLOCK_BYTES);
        struct(c, "6.13", "clone_buffers", RegisterAbi.CLONE_BUFFERS_BYTES);
        field(c, "6.13", "clone_buffers", "src_fd", RegisterAbi.CLONE_BUFFERS_SRC_FD);
        field(c, "6.13", "clone_buffers", "flags", RegisterAbi.CLONE_BUFFERS_FLAGS);
        field(c, "6.13", "clone_buffers", "src_off", RegisterAbi.CLONE_BUFFERS_SRC_OFF);
        field(c, "6.13", "clone_buffers", "dst_off", RegisterAbi.CLONE_BUFFERS_DST_OFF);
        field(c, "6.13", "clone_buffers", "nr", RegisterAbi.CLONE_BUFFERS_NR);
        struct(c, "6.15", "zcrx_ifq_reg", RegisterAbi.ZCRX_IFQ_BYTES);
        field(c, "6.15", "zcrx_ifq_reg", "if_idx", RegisterAbi.ZCRX_IFQ_IF_IDX);
        field(c, "6.15", "zcrx_ifq_reg", "if_rxq", RegisterAbi.ZCRX_IFQ_IF_RXQ);
        field(c, "6.15", "zcrx_ifq_reg", "rq_entries", RegisterAbi.ZCRX_IFQ_RQ_ENTRIES);
        field(c, "6.15", "zcrx_ifq_reg", "area_ptr", RegisterAbi.ZCRX_IFQ_AREA_PTR);
        field(c, "6.15", "zcrx_ifq_reg", "region_ptr", RegisterAbi.ZCRX_IFQ_REGION_PTR);
        field(c, "6.15", "zcrx_ifq_reg", "offsets.head", RegisterAbi.ZCRX_IFQ_HEAD);
        field(c, "6.15", "zcrx_ifq_reg", "offsets.tail", RegisterAbi.ZCRX_IFQ_TAIL);
        field(c, "6.15", "zcrx_ifq_reg", "offsets.rqes", RegisterAbi.ZCRX_IFQ_RQES);
        field(c, "6.15", "zcrx_ifq_reg", "zcrx_id", RegisterAbi.ZCRX_IFQ_ID);
        struct(c, "6.15", "zcrx_area_reg", RegisterAbi.ZCRX_AREA_BYTES);
        field(c, "6.15", "zcrx_area_reg", "addr", RegisterAbi.ZCRX_AREA_ADDR);
        field(c, "6.15", "zcrx_area_reg", "len", RegisterAbi.ZCRX_AREA_LEN);
        field(c, "6.15", "zcrx_area_reg", "rq_area_token", RegisterAbi.ZCRX_AREA_TOKEN);
        struct(c, "6.15", "zcrx_rqe", RegisterAbi.ZCRX_RQE_BYTES);
        field(c, "6.15", "zcrx_rqe", "len", RegisterAbi.ZCRX_RQE_LEN);
        c.verify(directory, HEADER, "linux/version.h");
    }

    @Test
    void flagsAreThoseOfTheHeader(@TempDir Path directory) throws IOException {
        CProgram c = new CProgram();
        c.expectMacro("IORING_RSRC_REGISTER_SPARSE", RegisterAbi.RSRC_REGISTER_SPARSE);
        c.expectMacro("IORING_REGISTER_FILES_SKIP", FileTable.SKIP);
        c.expectMacro("IORING_OFF_PBUF_RING", RegisterAbi.OFF_PBUF_RING);
        c.expectMacro("IORING_OFF_PBUF_SHIFT", RegisterAbi.OFF_PBUF_SHIFT);
        c.expectSince("6.4", "IOU_PBUF_RING_MMAP", RegisterAbi.PBUF_RING_MMAP);
        c.expectSince("6.13", "IORING_REGISTER_DST_REPLACE", RegisterAbi.CLONE_BUFFERS_DST_REPLACE);
        c.expectSince("6.13", "IO_URING_NAPI_STATIC_ADD_ID", RegisterAbi.NAPI_STATIC_ADD_ID);
        c.expectSince("6.13", "IO_URING_NAPI_STATIC_DEL_ID", RegisterAbi.NAPI_STATIC_DEL_ID);
        c.expectSince("6.13", "IO_URING_NAPI_TRACKING_STATIC", RegisterAbi.NAPI_TRACKING_STATIC);
        c.expectSince(
                "6.13", "IO_URING_NAPI_TRACKING_INACTIVE", RegisterAbi.NAPI_TRACKING_INACTIVE);
        restriction(c, "REGISTER_OP", RegisterAbi.RESTRICTION_REGISTER_OP);
        restriction(c, "SQE_OP", RegisterAbi.RESTRICTION_SQE_OP);
        restriction(c, "SQE_FLAGS_ALLOWED", RegisterAbi.RESTRICTION_SQE_FLAGS_ALLOWED);
        restriction(c, "SQE_FLAGS_REQUIRED", RegisterAbi.RESTRICTION_SQE_FLAGS_REQUIRED);
        c.expectMacro("IOSQE_FIXED_FILE", Restrictions.FIXED_FILE);
        c.expectMacro("IOSQE_IO_DRAIN", Restrictions.IO_DRAIN);
        c.expectMacro("IOSQE_IO_LINK", Restrictions.IO_LINK);
        c.expectMacro("IOSQE_IO_HARDLINK", Restrictions.IO_HARDLINK);
        c.expectMacro("IOSQE_ASYNC", Restrictions.ASYNC);
        c.expectMacro("IOSQE_BUFFER_SELECT", Restrictions.BUFFER_SELECT);
        c.expectMacro("IOSQE_CQE_SKIP_SUCCESS", Restrictions.CQE_SKIP_SUCCESS);
        c.verify(directory, HEADER, "linux/version.h");
    }

    /** Headers are older than kernels: each constant once more, from the reference. */
    @Test
    void everyConstantIsThatOfTheReference() throws IllegalAccessException {
        String reference =
                """
                UNREGISTER_BUFFERS 1 UNREGISTER_FILES 3 REGISTER_EVENTFD 4 UNREGISTER_EVENTFD 5
                REGISTER_FILES_UPDATE 6 REGISTER_EVENTFD_ASYNC 7 REGISTER_RESTRICTIONS 11
                REGISTER_FILES2 13 REGISTER_FILES_UPDATE2 14 REGISTER_BUFFERS2 15
                REGISTER_BUFFERS_UPDATE 16 REGISTER_IOWQ_AFF 17 UNREGISTER_IOWQ_AFF 18
                REGISTER_IOWQ_MAX_WORKERS 19 REGISTER_SYNC_CANCEL 24 REGISTER_FILE_ALLOC_RANGE 25
                REGISTER_PBUF_STATUS 26 REGISTER_NAPI 27 UNREGISTER_NAPI 28 REGISTER_CLOCK 29
                REGISTER_CLONE_BUFFERS 30 REGISTER_ZCRX_IFQ 32 REGISTER_QUERY 35
                RSRC_REGISTER_BYTES 32 RSRC_REGISTER_NR 0 RSRC_REGISTER_FLAGS 4
                RSRC_REGISTER_DATA 16 RSRC_REGISTER_TAGS 24 RSRC_REGISTER_SPARSE 1
                RSRC_UPDATE2_BYTES 32 RSRC_UPDATE2_OFFSET 0 RSRC_UPDATE2_DATA 8
                RSRC_UPDATE2_TAGS 16 RSRC_UPDATE2_NR 24
                CLONE_BUFFERS_BYTES 32 CLONE_BUFFERS_SRC_FD 0 CLONE_BUFFERS_FLAGS 4
                CLONE_BUFFERS_SRC_OFF 8 CLONE_BUFFERS_DST_OFF 12 CLONE_BUFFERS_NR 16
                CLONE_BUFFERS_DST_REPLACE 2
                RESTRICTION_BYTES 16 RESTRICTION_OPCODE 0 RESTRICTION_VALUE 2
                RESTRICTION_REGISTER_OP 0 RESTRICTION_SQE_OP 1 RESTRICTION_SQE_FLAGS_ALLOWED 2
                RESTRICTION_SQE_FLAGS_REQUIRED 3
                SYNC_CANCEL_BYTES 64 SYNC_CANCEL_ADDR 0 SYNC_CANCEL_FD 8 SYNC_CANCEL_FLAGS 12
                SYNC_CANCEL_TIMEOUT 16 SYNC_CANCEL_OPCODE 32
                FILE_INDEX_RANGE_BYTES 16 FILE_INDEX_RANGE_OFF 0 FILE_INDEX_RANGE_LEN 4
                BUF_STATUS_BYTES 40 BUF_STATUS_GROUP 0 BUF_STATUS_HEAD 4
                PBUF_RING_MMAP 1 BUF_REG_MIN_LEFT 16 OFF_PBUF_RING 2147483648 OFF_PBUF_SHIFT 16
                NAPI_BYTES 16 NAPI_BUSY_POLL_TO 0 NAPI_PREFER_BUSY_POLL 4 NAPI_OPCODE 5
                NAPI_OP_PARAM 8 NAPI_STATIC_ADD_ID 1 NAPI_STATIC_DEL_ID 2 NAPI_TRACKING_STATIC 1
                NAPI_TRACKING_INACTIVE 255
                CLOCK_BYTES 16
                QUERY_HDR_BYTES 40 QUERY_HDR_DATA 8 QUERY_HDR_SIZE 20 QUERY_HDR_RESULT 24
                QUERY_OPCODE_BYTES 48 QUERY_OPCODE_REQUESTS 0 QUERY_OPCODE_REGISTERS 4
                QUERY_OPCODE_FEATURES 8 QUERY_OPCODE_SETUP 16 QUERY_OPCODE_ENTER 24
                QUERY_OPCODE_SQE 32
                ZCRX_IFQ_BYTES 96 ZCRX_IFQ_IF_IDX 0 ZCRX_IFQ_IF_RXQ 4 ZCRX_IFQ_RQ_ENTRIES 8
                ZCRX_IFQ_AREA_PTR 16 ZCRX_IFQ_REGION_PTR 24 ZCRX_IFQ_HEAD 32 ZCRX_IFQ_TAIL 36
                ZCRX_IFQ_RQES 40 ZCRX_IFQ_ID 64
                ZCRX_AREA_BYTES 48 ZCRX_AREA_ADDR 0 ZCRX_AREA_LEN 8 ZCRX_AREA_TOKEN 16
                ZCRX_RQE_BYTES 16 ZCRX_RQE_LEN 8
                """;
        Map<String, Long> expected = new TreeMap<>();
        String[] words = reference.strip().split("\\s+", -1);
        for (int i = 0; i < words.length; i += 2) {
            expected.put(words[i], Long.valueOf(words[i + 1]));
        }
        Map<String, Long> actual = new TreeMap<>();
        for (Field field : RegisterAbi.class.getDeclaredFields()) {
            if (Modifier.isStatic(field.getModifiers())) {
                actual.put(field.getName(), ((Number) field.get(null)).longValue());
            }
        }
        assertEquals(expected, actual);
    }

    private static void register(CProgram c, String since, String name, int number) {
        c.expectSince(since, "IORING_" + name, number);
    }

    private static void restriction(CProgram c, String name, int number) {
        c.expectSince("5.10", "IORING_RESTRICTION_" + name, number);
    }

    private static void struct(CProgram c, String since, String name, long bytes) {
        c.expectSince(since, "sizeof(struct io_uring_" + name + ")", bytes);
    }

    private static void field(CProgram c, String since, String struct, String name, long offset) {
        c.expectSince(since, "offsetof(struct io_uring_" + struct + ", " + name + ")", offset);
    }
}
