package io.uring.ring;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.uring.testkit.Behaviour;
import java.lang.reflect.Field;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class ErrnoTest {
    /** The error numbers of the reference. */
    private static final String REFERENCE =
            "EPERM 1, ENOENT 2, EINTR 4, EIO 5, ENXIO 6, E2BIG 7, EBADF 9, ECHILD 10, EAGAIN 11,"
                    + " ENOMEM 12, EACCES 13, EFAULT 14, EBUSY 16, EEXIST 17, EXDEV 18, ENODEV 19,"
                    + " ENOTDIR 20, EISDIR 21, EINVAL 22, ENFILE 23, EMFILE 24, EFBIG 27,"
                    + " ENOSPC 28, ESPIPE 29, EROFS 30, EMLINK 31, EPIPE 32, ERANGE 34, EDEADLK 35,"
                    + " ENAMETOOLONG 36, ENOSYS 38, ENOTEMPTY 39, ELOOP 40, EBADR 53, ENODATA 61,"
                    + " ETIME 62, EOVERFLOW 75, EBADFD 77, ENOTSOCK 88, EDESTADDRREQ 89,"
                    + " EMSGSIZE 90, EPROTOTYPE 91, ENOPROTOOPT 92, EPROTONOSUPPORT 93,"
                    + " EOPNOTSUPP 95, EAFNOSUPPORT 97, EADDRINUSE 98, EADDRNOTAVAIL 99,"
                    + " ENETDOWN 100, ENETUNREACH 101, ECONNABORTED 103, ECONNRESET 104,"
                    + " ENOBUFS 105, EISCONN 106, ENOTCONN 107, ETIMEDOUT 110, ECONNREFUSED 111,"
                    + " EHOSTUNREACH 113, EALREADY 114, EINPROGRESS 115, ESTALE 116, ECANCELED 125,"
                    + " EOWNERDEAD 130";

    static Map<String, Integer> reference() {
        Map<String, Integer> numbers = new TreeMap<>();
        for (String entry : REFERENCE.split(", ", -1)) {
            String[] words = entry.split(" ", -1);
            numbers.put(words[0], Integer.valueOf(words[1]));
        }
        return numbers;
    }

    @Test
    @Behaviour("ERR-02")
    void everyErrnoOfTheReferenceHasItsName() {
        reference().forEach((name, number) -> assertEquals(name, Errno.name(number)));
    }

    @Test
    @Behaviour("ERR-02")
    void everyConstantIsTheNumberOfTheReference() throws IllegalAccessException {
        Map<String, Integer> reference = reference();
        int constants = 0;
        for (Field field : Errno.class.getFields()) {
            assertEquals(reference.get(field.getName()), field.get(null), field.getName());
            constants++;
        }
        assertTrue(constants > 0);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 41, 58, 134, 4095, 512, -1, Integer.MIN_VALUE})
    @Behaviour("ERR-02")
    void unknownNumberIsKept(int number) {
        assertEquals("errno " + number, Errno.name(number));
    }
}
