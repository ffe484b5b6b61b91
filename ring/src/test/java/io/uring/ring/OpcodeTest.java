package io.uring.ring;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.uring.testkit.Behaviour;
import io.uring.testkit.RequiresKernel;
import java.util.EnumSet;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(DescriptorsReturn.class)
final class OpcodeTest {
    /** Number, name and first kernel of each operation, from the reference. */
    private static final String REFERENCE =
            """
            0 NOP 5.1, 1 READV 5.1, 2 WRITEV 5.1, 3 FSYNC 5.1, 4 READ_FIXED 5.1,
            5 WRITE_FIXED 5.1, 6 POLL_ADD 5.1, 7 POLL_REMOVE 5.1, 8 SYNC_FILE_RANGE 5.2,
            9 SENDMSG 5.3, 10 RECVMSG 5.3, 11 TIMEOUT 5.4, 12 TIMEOUT_REMOVE 5.5, 13 ACCEPT 5.5,
            14 ASYNC_CANCEL 5.5, 15 LINK_TIMEOUT 5.5, 16 CONNECT 5.5, 17 FALLOCATE 5.6,
            18 OPENAT 5.6, 19 CLOSE 5.6, 20 FILES_UPDATE 5.6, 21 STATX 5.6, 22 READ 5.6,
            23 WRITE 5.6, 24 FADVISE 5.6, 25 MADVISE 5.6, 26 SEND 5.6, 27 RECV 5.6,
            28 OPENAT2 5.6, 29 EPOLL_CTL 5.6, 30 SPLICE 5.7, 31 PROVIDE_BUFFERS 5.7,
            32 REMOVE_BUFFERS 5.7, 33 TEE 5.8, 34 SHUTDOWN 5.11, 35 RENAMEAT 5.11,
            36 UNLINKAT 5.11, 37 MKDIRAT 5.15, 38 SYMLINKAT 5.15, 39 LINKAT 5.15,
            40 MSG_RING 5.18, 41 FSETXATTR 5.19, 42 SETXATTR 5.19, 43 FGETXATTR 5.19,
            44 GETXATTR 5.19, 45 SOCKET 5.19, 46 URING_CMD 5.19, 47 SEND_ZC 6.0,
            48 SENDMSG_ZC 6.1, 49 READ_MULTISHOT 6.7, 50 WAITID 6.7, 51 FUTEX_WAIT 6.7,
            52 FUTEX_WAKE 6.7, 53 FUTEX_WAITV 6.7, 54 FIXED_FD_INSTALL 6.8, 55 FTRUNCATE 6.9,
            56 BIND 6.11, 57 LISTEN 6.11, 58 RECV_ZC 6.15, 59 EPOLL_WAIT 6.15,
            60 READV_FIXED 6.15, 61 WRITEV_FIXED 6.15, 62 PIPE 6.16\
            """;

    @Test
    void everyOperationHasItsNumberAndRelease() {
        Map<Integer, String> expected = new TreeMap<>();
        for (String entry : REFERENCE.split(",\\s", -1)) {
            String[] words = entry.split(" ", -1);
            expected.put(Integer.valueOf(words[0]), words[1] + " " + words[2]);
        }
        Map<Integer, String> actual = new TreeMap<>();
        for (Opcode opcode : Opcode.values()) {
            actual.put((int) opcode.code(), opcode.name() + " " + opcode.since());
        }
        assertEquals(expected, actual);
    }

    @Test
    @Behaviour("SET-28")
    @RequiresKernel("6.18")
    void thisKernelHasAllOperations() {
        try (Ring ring = Ring.open(new RingConfig(8, 32, Set.of()))) {
            Set<Opcode> missing = EnumSet.allOf(Opcode.class);
            missing.removeAll(ring.capabilities().opcodes());
            missing.removeIf(opcode -> opcode == Opcode.RECV_ZC); // a build option
            missing.removeIf(opcode -> opcode == Opcode.EPOLL_WAIT);
            assertEquals(Set.of(), missing);
        }
    }

    @Test
    void kernelWithoutAProbeHasTheOperationsOfItsTime() {
        FaultyKernel kernel = new FaultyKernel();
        kernel.failingRegister = 8;
        try (Ring ring = Ring.open(new RingConfig(8, 32, Set.of()), kernel)) {
            assertTrue(ring.capabilities().supports(Opcode.CONNECT)); // 5.5
            assertFalse(ring.capabilities().supports(Opcode.OPENAT)); // 5.6, as the probe
            assertFalse(ring.capabilities().has(Feature.MULTISHOT_RECV));
            assertFalse(ring.capabilities().has(Feature.RING_FDS));
            assertTrue(ring.capabilities().has(Feature.EXT_ARG));
        }
    }
}
