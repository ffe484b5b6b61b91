package io.uring.simulation;

/** What a simulated kernel does to its users, each within what Linux may do. */
public enum Fault {
    /** A receive brings less than there is. */
    SHORT_RECEIVE,
    /** A send takes less than there is room for. */
    SHORT_SEND,
    /** Completions of different operations change places, and waiting ones their turn. */
    REORDER,
    /** An operation is looked at some time after its submission, also a close. */
    LATE_START,
    /** An operation has ended, and its completion is shown later. */
    LATE_COMPLETION,
    /** A wait ends with EINTR. */
    INTERRUPTED_WAIT,
    /** A call takes nothing: EAGAIN or EBUSY. */
    BUSY,
    /** A call takes a part of the entries, and does not wait. */
    PARTIAL_SUBMIT,
    /** A call brings a part of the completions that are there. */
    PARTIAL_DELIVERY,
    /** An operation ends with EINTR. */
    OPERATION_EINTR,
    /** An operation ends with EAGAIN. */
    OPERATION_EAGAIN,
    /** An operation that nobody cancelled ends with ECANCELED. */
    OPERATION_ECANCELED,
    /** A receive finds no buffer though there are some. */
    NO_BUFFERS,
    /** A multishot operation ends with a completion that is a success. */
    LOST_MORE,
    /** A completion goes to the overflow list. */
    OVERFLOW,
    /** No descriptor is left: EMFILE. */
    NO_DESCRIPTORS,
    /** A connection is gone before it is accepted: ECONNABORTED. */
    ACCEPT_ABORTED,
    /** A connection cannot be made: ECONNREFUSED, ETIMEDOUT. */
    CONNECT_FAILED,
    /** The network or the peer's machine ends a connection with RST. */
    RESET,
    /** A datagram gets lost on its way. */
    LOST_DATAGRAM,
    /** A zero-copy send may lock no more memory: ENOMEM or ENOBUFS. */
    NO_LOCKED_MEMORY,
    /** A cancellation comes too late: EALREADY, and the operation ends in its own way. */
    CANCEL_TOO_LATE
}
