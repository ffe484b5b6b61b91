package io.uring.ring.internal;

/**
 * Offsets and constants of the io_uring ABI that the code uses, by structure.
 *
 * <pre>
 * io_uring_params (120)              io_uring_sqe (64)                io_uring_cqe (16)
 *   0 sq_entries      u32              0 opcode       u8                0 user_data  u64
 *   4 cq_entries      u32              1 flags        u8                8 res        s32
 *   8 flags           u32              2 ioprio       u16              12 flags      u32
 *  12 sq_thread_cpu   u32              4 fd           s32
 *  16 sq_thread_idle  u32              8 off / addr2  u64             io_uring_getevents_arg (24)
 *  20 features        u32             16 addr         u64               0 sigmask       u64
 *  24 wq_fd           u32             24 len          u32               8 sigmask_sz    u32
 *  28 resv            u32[3]          28 op flags     u32              12 min_wait_usec u32
 *  40 sq_off          (40)            32 user_data    u64              16 ts            u64
 *  80 cq_off          (40)            40 buf_index    u16
 *                                     42 personality  u16             io_uring_buf (16)
 * sq_off / cq_off                     44 file_index   u32               0 addr  u64
 *   0 head            / head          48 addr3        u64               8 len   u32
 *   4 tail            / tail          56 pad2         u64              12 bid   u16
 *   8 ring_mask       / ring_mask                                      14 resv  u16, the tail in entry 0
 *  12 ring_entries    / ring_entries
 *  16 flags           / overflow      io_uring_buf_reg (40)           io_uring_rsrc_update (16)
 *  20 dropped         / cqes            0 ring_addr    u64              0 offset  u32
 *  24 array           / flags           8 ring_entries u32              4 resv    u32
 *  28 resv1           / resv1          12 bgid         u16              8 data    u64
 *  32 user_addr       / user_addr      14 flags        u16
 *
 * io_uring_reg_wait (64)             io_uring_region_desc (64)        io_uring_mem_region_reg (32)
 *   0 tv_sec, tv_nsec s64              0 user_addr    u64               0 region_uptr u64
 *  16 min_wait_usec   u32              8 size         u64               8 flags       u64
 *  20 flags           u32             16 flags        u32
 *  24 sigmask         u64             20 id           u32
 *  32 sigmask_sz      u32             24 mmap_offset  u64
 * </pre>
 */
public final class Abi {
    private Abi() {}

    public static final int PARAMS_BYTES = 120;
    public static final int PARAMS_SQ_ENTRIES = 0;
    public static final int PARAMS_CQ_ENTRIES = 4;
    public static final int PARAMS_FLAGS = 8;
    public static final int PARAMS_FEATURES = 20;
    public static final int PARAMS_SQ_OFF = 40;
    public static final int PARAMS_CQ_OFF = 80;

    public static final int PARAMS_SQ_THREAD_CPU = 12;
    public static final int PARAMS_SQ_THREAD_IDLE = 16;
    public static final int PARAMS_WQ_FD = 24;

    public static final int SETUP_IOPOLL = 1;
    public static final int SETUP_SQPOLL = 1 << 1;
    public static final int SETUP_SQ_AFF = 1 << 2;
    public static final int SETUP_CQSIZE = 1 << 3;
    public static final int SETUP_CLAMP = 1 << 4;
    public static final int SETUP_ATTACH_WQ = 1 << 5;
    public static final int SETUP_SQE128 = 1 << 10;
    public static final int SETUP_CQE32 = 1 << 11;
    public static final int SETUP_NO_MMAP = 1 << 14;
    public static final int SETUP_REGISTERED_FD_ONLY = 1 << 15;
    public static final int SETUP_HYBRID_IOPOLL = 1 << 17;
    public static final int SETUP_CQE_MIXED = 1 << 18;

    public static final int OFF_HEAD = 0;
    public static final int OFF_TAIL = 4;
    public static final int OFF_MASK = 8;
    public static final int SQ_OFF_FLAGS = 16;
    public static final int SQ_OFF_DROPPED = 20;
    public static final int SQ_OFF_ARRAY = 24;
    public static final int CQ_OFF_OVERFLOW = 16;
    public static final int CQ_OFF_CQES = 20;
    public static final int CQ_OFF_FLAGS = 24;
    public static final int OFF_USER_ADDR = 32;

    public static final long MMAP_SQ_RING = 0;
    public static final long MMAP_CQ_RING = 0x8000000L;
    public static final long MMAP_SQES = 0x10000000L;

    public static final int SQE_BYTES = 64;
    public static final int SQE128_BYTES = 128;
    public static final int SQE_OPCODE = 0;
    public static final int SQE_FLAGS = 1;
    public static final int SQE_IOPRIO = 2;
    public static final int SQE_FD = 4;
    public static final int SQE_OFF = 8;
    public static final int SQE_ADDR = 16;
    public static final int SQE_LEN = 24;
    public static final int SQE_OP_FLAGS = 28;
    public static final int SQE_USER_DATA = 32;
    public static final int SQE_BUF_GROUP = 40;
    public static final int SQE_PERSONALITY = 42;
    public static final int SQE_FILE_INDEX = 44;
    public static final int SQE_ADDR_LEN = 44;
    public static final int SQE_WRITE_STREAM = 44;
    public static final int SQE_ADDR3 = 48;
    public static final int SQE_PAD2 = 56;

    public static final int IOSQE_FIXED_FILE = 1;
    public static final int IOSQE_IO_DRAIN = 1 << 1;
    public static final int IOSQE_IO_LINK = 1 << 2;
    public static final int IOSQE_IO_HARDLINK = 1 << 3;
    public static final int IOSQE_ASYNC = 1 << 4;
    public static final int IOSQE_BUFFER_SELECT = 1 << 5;
    public static final int IOSQE_CQE_SKIP_SUCCESS = 1 << 6;

    public static final int CQE_BYTES = 16;
    public static final int CQE32_BYTES = 32;
    public static final int CQE_EXTRA = 16;
    public static final int CQE_USER_DATA = 0;
    public static final int CQE_RES = 8;
    public static final int CQE_FLAGS = 12;

    public static final int CQ_EVENTFD_DISABLED = 1;
    public static final int SQ_NEED_WAKEUP = 1;
    public static final int SQ_CQ_OVERFLOW = 1 << 1;
    public static final int SQ_TASKRUN = 1 << 2;

    public static final int ENTER_GETEVENTS = 1;
    public static final int ENTER_SQ_WAKEUP = 1 << 1;
    public static final int ENTER_SQ_WAIT = 1 << 2;
    public static final int ENTER_EXT_ARG = 1 << 3;
    public static final int ENTER_REGISTERED_RING = 1 << 4;
    public static final int ENTER_ABS_TIMER = 1 << 5;
    public static final int ENTER_EXT_ARG_REG = 1 << 6;
    public static final int ENTER_NO_IOWAIT = 1 << 7;

    public static final int GETEVENTS_ARG_BYTES = 24;
    public static final int GETEVENTS_ARG_SIGMASK = 0;
    public static final int GETEVENTS_ARG_SIGMASK_SZ = 8;
    public static final int GETEVENTS_ARG_MIN_WAIT_USEC = 12;
    public static final int GETEVENTS_ARG_TS = 16;
    public static final int TIMESPEC_BYTES = 16;
    public static final int SIGSET_BYTES = 8;

    public static final int REG_WAIT_BYTES = 64;
    public static final int REG_WAIT_MIN_WAIT_USEC = 16;
    public static final int REG_WAIT_FLAGS = 20;
    public static final int REG_WAIT_TS = 1;

    public static final int REGION_BYTES = 64;
    public static final int REGION_USER_ADDR = 0;
    public static final int REGION_SIZE = 8;
    public static final int REGION_FLAGS = 16;
    public static final int REGION_MMAP_OFFSET = 24;
    public static final int REGION_TYPE_USER = 1;
    public static final int MEM_REGION_BYTES = 32;
    public static final int MEM_REGION_UPTR = 0;
    public static final int MEM_REGION_FLAGS = 8;
    public static final int MEM_REGION_REG_WAIT_ARG = 1;

    public static final int REGISTER_PROBE = 8;
    public static final int REGISTER_PERSONALITY = 9;
    public static final int UNREGISTER_PERSONALITY = 10;
    public static final int REGISTER_ENABLE_RINGS = 12;
    public static final int REGISTER_RING_FDS = 20;
    public static final int UNREGISTER_RING_FDS = 21;
    public static final int REGISTER_PBUF_RING = 22;
    public static final int UNREGISTER_PBUF_RING = 23;
    public static final int REGISTER_SEND_MSG_RING = 31;
    public static final int REGISTER_RESIZE_RINGS = 33;
    public static final int REGISTER_MEM_REGION = 34;
    public static final int REGISTER_QUERY = 35;

    /** Added to an opcode: the ring is named by its registered index. */
    public static final int REGISTER_USE_REGISTERED_RING = 1 << 31;

    public static final int RSRC_UPDATE_BYTES = 16;
    public static final int RSRC_UPDATE_OFFSET = 0;
    public static final int RSRC_UPDATE_DATA = 8;

    public static final int PROBE_LAST_OP = 0;
    public static final int PROBE_OPS = 16;
    public static final int PROBE_OP_BYTES = 8;
    public static final int PROBE_OP_FLAGS = 2;
    public static final int PROBE_SUPPORTED = 1;

    public static final int BUF_BYTES = 16;
    public static final int BUF_ADDR = 0;
    public static final int BUF_LEN = 8;
    public static final int BUF_BID = 12;
    public static final int BUF_RING_TAIL = 14;

    public static final int BUF_REG_BYTES = 40;
    public static final int BUF_REG_ADDR = 0;
    public static final int BUF_REG_ENTRIES = 8;
    public static final int BUF_REG_BGID = 12;
    public static final int BUF_REG_FLAGS = 14;
    public static final int PBUF_RING_INC = 2;

    public static final int RECVSEND_POLL_FIRST = 1;
    public static final int RECV_MULTISHOT = 2;
    public static final int SEND_VECTORIZED = 1 << 5;
    public static final int ACCEPT_MULTISHOT = 1;
    public static final int POLL_ADD_MULTI = 1;
    public static final int ASYNC_CANCEL_ALL = 1;
    public static final int ASYNC_CANCEL_FD = 1 << 1;
    public static final int ASYNC_CANCEL_ANY = 1 << 2;
    public static final int ASYNC_CANCEL_FD_FIXED = 1 << 3;
    public static final int ASYNC_CANCEL_USERDATA = 1 << 4;
    public static final int ASYNC_CANCEL_OP = 1 << 5;
    public static final int MSG_RING_DATA = 0;
}
