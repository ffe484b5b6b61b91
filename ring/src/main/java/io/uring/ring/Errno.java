package io.uring.ring;

import java.util.HashMap;
import java.util.Map;

/**
 * Error numbers of Linux, the same on x86-64, aarch64 and riscv64, and their names. Numbers are
 * positive here; a completion's result carries them negated.
 *
 * <pre>{@code
 * if (result < 0) {
 *     log.log(WARNING, "recv: " + Errno.name(-result)); // "ECONNRESET"
 * }
 * }</pre>
 */
public final class Errno {
    public static final int EPERM = 1;
    public static final int ENOENT = 2;
    public static final int EINTR = 4;
    public static final int EIO = 5;
    public static final int EBADF = 9;
    public static final int EAGAIN = 11;
    public static final int ENOMEM = 12;
    public static final int EACCES = 13;
    public static final int EFAULT = 14;
    public static final int EBUSY = 16;
    public static final int EEXIST = 17;
    public static final int EINVAL = 22;
    public static final int ENFILE = 23;
    public static final int EMFILE = 24;
    public static final int EPIPE = 32;
    public static final int ENAMETOOLONG = 36;
    public static final int ENOSYS = 38;
    public static final int EBADR = 53;
    public static final int ETIME = 62;
    public static final int EBADFD = 77;
    public static final int EOPNOTSUPP = 95;
    public static final int EADDRINUSE = 98;
    public static final int EADDRNOTAVAIL = 99;
    public static final int ECONNABORTED = 103;
    public static final int ECONNRESET = 104;
    public static final int ENOBUFS = 105;
    public static final int ENOTCONN = 107;
    public static final int ETIMEDOUT = 110;
    public static final int ECONNREFUSED = 111;
    public static final int EALREADY = 114;
    public static final int ECANCELED = 125;

    private static final Map<Integer, String> NAMES = new HashMap<>();

    static {
        String table =
                "EPERM 1 ENOENT 2 ESRCH 3 EINTR 4 EIO 5 ENXIO 6 E2BIG 7 EBADF 9 ECHILD 10 EAGAIN 11"
                        + " ENOMEM 12 EACCES 13 EFAULT 14 EBUSY 16 EEXIST 17 EXDEV 18 ENODEV 19 ENOTDIR"
                        + " 20 EISDIR 21 EINVAL 22 ENFILE 23 EMFILE 24 EFBIG 27 ENOSPC 28 ESPIPE 29"
                        + " EROFS 30 EMLINK 31 EPIPE 32 ERANGE 34 EDEADLK 35 ENAMETOOLONG 36 ENOSYS 38"
                        + " ENOTEMPTY 39 ELOOP 40 EBADR 53 ENODATA 61 ETIME 62 EPROTO 71 EOVERFLOW 75"
                        + " EBADFD 77 ENOTSOCK 88 EDESTADDRREQ 89 EMSGSIZE 90 EPROTOTYPE 91 ENOPROTOOPT"
                        + " 92 EPROTONOSUPPORT 93 EOPNOTSUPP 95 EAFNOSUPPORT 97 EADDRINUSE 98"
                        + " EADDRNOTAVAIL 99 ENETDOWN 100 ENETUNREACH 101 ECONNABORTED 103 ECONNRESET"
                        + " 104 ENOBUFS 105 EISCONN 106 ENOTCONN 107 ETIMEDOUT 110 ECONNREFUSED 111"
                        + " EHOSTUNREACH 113 EALREADY 114 EINPROGRESS 115 ESTALE 116 ECANCELED 125"
                        + " EOWNERDEAD 130";
        String[] words = table.split(" ");
        for (int i = 0; i < words.length; i += 2) {
            NAMES.put(Integer.valueOf(words[i + 1]), words[i]);
        }
    }

    private Errno() {}

    /**
     * The name of an error number, such as {@code EINVAL}, or {@code errno N} for one without a
     * name.
     *
     * @param errno positive
     */
    public static String name(int errno) {
        String name = NAMES.get(errno);
        return name != null ? name : "errno " + errno;
    }
}
