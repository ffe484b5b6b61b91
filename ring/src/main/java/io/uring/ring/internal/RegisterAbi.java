package io.uring.ring.internal;

/**
 * Offsets and constants of io_uring_register that single registrations use, by structure.
 *
 * <pre>
 * io_uring_rsrc_register (32)        io_uring_rsrc_update2 (32)       io_uring_clone_buffers (32)
 *   0 nr     u32                       0 offset u32                     0 src_fd  u32
 *   4 flags  u32                       8 data   u64                     4 flags   u32
 *  16 data   u64                      16 tags   u64                     8 src_off u32
 *  24 tags   u64                      24 nr     u32                    12 dst_off u32
 *                                                                      16 nr      u32
 * io_uring_restriction (16)          io_uring_napi (16)
 *   0 opcode u16                       0 busy_poll_to     u32         io_uring_sync_cancel_reg (64)
 *   2 value  u8                        4 prefer_busy_poll u8            0 addr    u64
 *                                      5 opcode           u8            8 fd      s32
 * io_uring_file_index_range (16)       8 op_param         u32          12 flags   u32
 *   0 off u32                                                          16 timeout 2 x s64
 *   4 len u32                        io_uring_query_hdr (40)           32 opcode  u8
 *                                      0 next_entry u64
 * io_uring_buf_status (40)             8 query_data u64               io_uring_query_opcode (48)
 *   0 buf_group u32                   16 query_op   u32                 0 nr_request_opcodes  u32
 *   4 head      u32                   20 size       u32                 4 nr_register_opcodes u32
 *                                     24 result     s32                 8 feature_flags       u64
 * io_uring_clock_register (16)                                         16 ring_setup_flags    u64
 *   0 clockid u32                                                      24 enter_flags         u64
 *                                                                      32 sqe_flags           u64
 * io_uring_zcrx_ifq_reg (96)         io_uring_zcrx_area_reg (48)
 *   0 if_idx     u32                   0 addr          u64            io_uring_zcrx_rqe (16)
 *   4 if_rxq     u32                   8 len           u64              0 off u64
 *   8 rq_entries u32                  16 rq_area_token u64              8 len u32
 *  16 area_ptr   u64                  24 flags         u32
 *  24 region_ptr u64
 *  32 head, 36 tail, 40 rqes u32
 *  64 zcrx_id    u32
 * </pre>
 */
public final class RegisterAbi {
    private RegisterAbi() {}

    public static final int UNREGISTER_BUFFERS = 1;
    public static final int UNREGISTER_FILES = 3;
    public static final int REGISTER_EVENTFD = 4;
    public static final int UNREGISTER_EVENTFD = 5;
    public static final int REGISTER_FILES_UPDATE = 6;
    public static final int REGISTER_EVENTFD_ASYNC = 7;
    public static final int REGISTER_RESTRICTIONS = 11;
    public static final int REGISTER_FILES2 = 13;
    public static final int REGISTER_FILES_UPDATE2 = 14;
    public static final int REGISTER_BUFFERS2 = 15;
    public static final int REGISTER_BUFFERS_UPDATE = 16;
    public static final int REGISTER_IOWQ_AFF = 17;
    public static final int UNREGISTER_IOWQ_AFF = 18;
    public static final int REGISTER_IOWQ_MAX_WORKERS = 19;
    public static final int REGISTER_SYNC_CANCEL = 24;
    public static final int REGISTER_FILE_ALLOC_RANGE = 25;
    public static final int REGISTER_PBUF_STATUS = 26;
    public static final int REGISTER_NAPI = 27;
    public static final int UNREGISTER_NAPI = 28;
    public static final int REGISTER_CLOCK = 29;
    public static final int REGISTER_CLONE_BUFFERS = 30;
    public static final int REGISTER_ZCRX_IFQ = 32;
    public static final int REGISTER_QUERY = 35;

    public static final int RSRC_REGISTER_BYTES = 32;
    public static final int RSRC_REGISTER_NR = 0;
    public static final int RSRC_REGISTER_FLAGS = 4;
    public static final int RSRC_REGISTER_DATA = 16;
    public static final int RSRC_REGISTER_TAGS = 24;
    public static final int RSRC_REGISTER_SPARSE = 1;

    public static final int RSRC_UPDATE2_BYTES = 32;
    public static final int RSRC_UPDATE2_OFFSET = 0;
    public static final int RSRC_UPDATE2_DATA = 8;
    public static final int RSRC_UPDATE2_TAGS = 16;
    public static final int RSRC_UPDATE2_NR = 24;

    public static final int CLONE_BUFFERS_BYTES = 32;
    public static final int CLONE_BUFFERS_SRC_FD = 0;
    public static final int CLONE_BUFFERS_FLAGS = 4;
    public static final int CLONE_BUFFERS_SRC_OFF = 8;
    public static final int CLONE_BUFFERS_DST_OFF = 12;
    public static final int CLONE_BUFFERS_NR = 16;
    public static final int CLONE_BUFFERS_DST_REPLACE = 2;

    public static final int RESTRICTION_BYTES = 16;
    public static final int RESTRICTION_OPCODE = 0;
    public static final int RESTRICTION_VALUE = 2;
    public static final int RESTRICTION_REGISTER_OP = 0;
    public static final int RESTRICTION_SQE_OP = 1;
    public static final int RESTRICTION_SQE_FLAGS_ALLOWED = 2;
    public static final int RESTRICTION_SQE_FLAGS_REQUIRED = 3;

    public static final int SYNC_CANCEL_BYTES = 64;
    public static final int SYNC_CANCEL_ADDR = 0;
    public static final int SYNC_CANCEL_FD = 8;
    public static final int SYNC_CANCEL_FLAGS = 12;
    public static final int SYNC_CANCEL_TIMEOUT = 16;
    public static final int SYNC_CANCEL_OPCODE = 32;

    public static final int FILE_INDEX_RANGE_BYTES = 16;
    public static final int FILE_INDEX_RANGE_OFF = 0;
    public static final int FILE_INDEX_RANGE_LEN = 4;

    public static final int BUF_STATUS_BYTES = 40;
    public static final int BUF_STATUS_GROUP = 0;
    public static final int BUF_STATUS_HEAD = 4;
    public static final int PBUF_RING_MMAP = 1;
    public static final int BUF_REG_MIN_LEFT = 16;
    public static final long OFF_PBUF_RING = 0x80000000L;
    public static final int OFF_PBUF_SHIFT = 16;

    public static final int NAPI_BYTES = 16;
    public static final int NAPI_BUSY_POLL_TO = 0;
    public static final int NAPI_PREFER_BUSY_POLL = 4;
    public static final int NAPI_OPCODE = 5;
    public static final int NAPI_OP_PARAM = 8;
    public static final int NAPI_STATIC_ADD_ID = 1;
    public static final int NAPI_STATIC_DEL_ID = 2;
    public static final int NAPI_TRACKING_STATIC = 1;
    public static final int NAPI_TRACKING_INACTIVE = 255;

    public static final int CLOCK_BYTES = 16;

    public static final int QUERY_HDR_BYTES = 40;
    public static final int QUERY_HDR_DATA = 8;
    public static final int QUERY_HDR_SIZE = 20;
    public static final int QUERY_HDR_RESULT = 24;
    public static final int QUERY_OPCODE_BYTES = 48;
    public static final int QUERY_OPCODE_REQUESTS = 0;
    public static final int QUERY_OPCODE_REGISTERS = 4;
    public static final int QUERY_OPCODE_FEATURES = 8;
    public static final int QUERY_OPCODE_SETUP = 16;
    public static final int QUERY_OPCODE_ENTER = 24;
    public static final int QUERY_OPCODE_SQE = 32;

    public static final int ZCRX_IFQ_BYTES = 96;
    public static final int ZCRX_IFQ_IF_IDX = 0;
    public static final int ZCRX_IFQ_IF_RXQ = 4;
    public static final int ZCRX_IFQ_RQ_ENTRIES = 8;
    public static final int ZCRX_IFQ_AREA_PTR = 16;
    public static final int ZCRX_IFQ_REGION_PTR = 24;
    public static final int ZCRX_IFQ_HEAD = 32;
    public static final int ZCRX_IFQ_TAIL = 36;
    public static final int ZCRX_IFQ_RQES = 40;
    public static final int ZCRX_IFQ_ID = 64;
    public static final int ZCRX_AREA_BYTES = 48;
    public static final int ZCRX_AREA_ADDR = 0;
    public static final int ZCRX_AREA_LEN = 8;
    public static final int ZCRX_AREA_TOKEN = 16;
    public static final int ZCRX_RQE_BYTES = 16;
    public static final int ZCRX_RQE_LEN = 8;
}
