package io.uring.ring;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.uring.testkit.Behaviour;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

@ExtendWith(DescriptorsReturn.class)
final class PersonalityTest {
    private static final int EACCES = 13;
    private static final int EINVAL = 22;
    private static final int UNREGISTER_PERSONALITY = 10;

    @Test
    @Behaviour("SEC-01")
    void operationWithAPersonalityDoesWhatItsThreadNoLongerMay(@TempDir Path directory)
            throws Exception {
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwx------"));
        Path file = Files.writeString(directory.resolve("secret"), "x");
        OwnThread.assumeRoot();
        OwnThread.run(() -> {
            try (TestRing test = TestRing.open();
                    Personality root = Personality.register(test.ring());
                    Arena arena = test.ring().newArena()) {
                MemorySegment path = arena.allocateFrom(file.toString());
                closed(open(test, path), test);
                OwnThread.dropPrivileges();
                open(test, path).userData(1);
                test.take(1, -EACCES);
                closed(open(test, path).personality(root), test);
                open(test, path).userData(2);
                test.take(2, -EACCES);
            }
        });
    }

    private static Sqe open(TestRing test, MemorySegment path) {
        return PathOps.openat(test.sqe(), Fd.CWD, path, OpenFlags.O_RDONLY, 0);
    }

    private static void closed(Sqe open, TestRing test) {
        open.userData(3);
        int fd = test.take(3).result();
        assertTrue(fd >= 0, () -> Errno.name(-fd));
        Libc.close(fd);
    }

    @Test
    @Behaviour("SEC-02")
    void personalitiesHaveNumbersOfTheirOwnAndGoOnce() {
        try (TestRing test = TestRing.open()) {
            Ring ring = test.ring();
            Personality one = Personality.register(ring);
            Personality two = Personality.register(ring);
            int id = one.id();
            assertTrue(id >= 1 && two.id() >= 1);
            assertNotEquals(id, two.id());
            one.close();
            one.close();
            assertThrows(IllegalStateException.class, one::id);
            assertEquals(-EINVAL, ring.tryRegister(UNREGISTER_PERSONALITY, 0, id));
            ControlOps.nop(test.sqe()).personality(two).userData(1);
            test.take(1, 0);
            ControlOps.nop(test.sqe()).personality(two).userData(2);
            two.close(); // before the kernel sees the entry
            test.take(2, -EINVAL);
        }
    }
}
