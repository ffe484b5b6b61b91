package io.uring.ring;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.uring.testkit.Behaviour;
import java.lang.foreign.MemorySegment;
import java.util.EnumSet;
import java.util.Locale;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

@ExtendWith(DescriptorsReturn.class)
final class FeatureTest {
    @ParameterizedTest
    @EnumSource(value = Feature.class, mode = EnumSource.Mode.EXCLUDE, names = "IO_URING")
    @Behaviour("ERR-08")
    void ringWithoutOneFeatureStillWorks(Feature masked) {
        try (TestRing test = TestRing.open(8, 32, masked);
                Libc.Pair sockets = Libc.socketPair(Libc.STREAM);
                Libc.Pair pipe = Libc.pipe()) {
            assertFalse(test.ring().capabilities().has(masked));
            for (int i = 1; i <= 100; i++) {
                ControlOps.nop(test.sqe()).userData(i);
                test.take(i, 0);
            }
            waitEndsInTime(test);
            MemorySegment buffer = test.ring().allocate(100);
            SocketOps.recv(test.sqe(), Descriptor.of(sockets.first()), buffer, 0).userData(1);
            FileOps.read(test.sqe(), Descriptor.of(pipe.first()), buffer.asSlice(50), 0)
                    .userData(2);
            test.ring().submit();
            Libc.write(sockets.second(), "over a socket");
            Libc.write(pipe.second(), "through a pipe");
            test.take(1, 13);
            test.take(2, 14);
            assertEquals("over a socket", Libc.string(buffer, 0, 13));
            assertEquals("through a pipe", Libc.string(buffer, 50, 14));
        }
    }

    private static void waitEndsInTime(TestRing test) {
        long start = System.nanoTime();
        test.ring().submitAndWait(1, 5_000_000);
        assertTrue(System.nanoTime() - start >= 5_000_000);
        test.takeReady().forEach(e -> assertEquals(Ring.NO_USER_DATA, e.userData()));
    }

    @Test
    @Behaviour("SET-16")
    void thisKernelHasAllThatItsReleasePromises() {
        try (TestRing test = TestRing.open()) {
            Set<Feature> missing = EnumSet.allOf(Feature.class);
            missing.removeIf(feature -> older(System.getProperty("os.version"), feature.since()));
            missing.removeAll(test.ring().capabilities().features());
            missing.remove(Feature.COOP_TASKRUN); // DEFER_TASKRUN takes its place
            assertEquals(Set.of(), missing);
        }
    }

    private static boolean older(String running, String since) {
        String[] is = running.split("[^0-9]", -1);
        String[] needed = since.split("\\.", -1);
        int major = Integer.parseInt(is[0]) - Integer.parseInt(needed[0]);
        return major != 0 ? major < 0 : Integer.parseInt(is[1]) < Integer.parseInt(needed[1]);
    }

    @Test
    void maskingTheWholeOfIoUringMakesItUnavailable() {
        RingConfig config = new RingConfig(8, 32, Set.of(Feature.IO_URING));
        UnavailableException e = assertThrows(UnavailableException.class, () -> Ring.open(config));
        assertEquals(38, e.errno());
        assertTrue(e.remedy().contains("io.uring.mask"), e.remedy());
    }

    @ParameterizedTest
    @EnumSource(Feature.class)
    void everyFeatureHasANameForTheMask(Feature feature) {
        assertEquals(Set.of(feature), Feature.parse(feature.name()));
        assertEquals(Set.of(feature), Feature.parse(feature.name().toLowerCase(Locale.ROOT)));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", " ", ",", " , ,"})
    void emptyMaskMasksNothing(String mask) {
        assertEquals(Set.of(), Feature.parse(mask));
    }

    @Test
    void maskIsAListWithBlanks() {
        assertEquals(
                Set.of(Feature.EXT_ARG, Feature.PBUF_RING, Feature.NODROP),
                Feature.parse(" ext_arg,PBUF_RING , NoDrop,"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"pbufring", "ext_arg,nonsense", "ext_arg pbuf_ring", "*"})
    void unknownNameIsRefusedAndTheKnownOnesAreListed(String mask) {
        IllegalArgumentException e =
                assertThrows(IllegalArgumentException.class, () -> Feature.parse(mask));
        String message = String.valueOf(e.getMessage());
        for (Feature feature : Feature.values()) {
            assertTrue(message.contains(feature.name().toLowerCase(Locale.ROOT)), message);
        }
        String[] names = mask.split(",", -1);
        assertTrue(message.contains("'" + names[names.length - 1] + "'"), message);
    }

    @Test
    void maskedFeaturesOfAConfigurationAddUp() {
        RingConfig config = new RingConfig(1, 1, Set.of(Feature.NODROP)).masking(Feature.EXT_ARG);
        assertEquals(Set.of(Feature.NODROP, Feature.EXT_ARG), config.masked());
    }

    @ParameterizedTest
    @CsvSource({"0, 1", "-1, 1", "32769, 65536", "2, 1", "1, 65537", "1, 0"})
    @Behaviour({"SET-02", "SET-03", "SET-04"})
    void sizesThatTheKernelWouldRefuseAreRefused(int sq, int cq) {
        assertThrows(IllegalArgumentException.class, () -> new RingConfig(sq, cq, Set.of()));
    }

    @ParameterizedTest
    @CsvSource({
        "-5, 256, 1024",
        "0, 256, 1024",
        "1, 256, 1024",
        "1024, 256, 1024",
        "1028, 512, 2048",
        "10000, 4096, 16384",
        "2147483647, 4096, 16384"
    })
    void sizesFollowTheConnections(int connections, int sq, int cq) {
        RingConfig config = RingConfig.forConnections(connections);
        assertEquals(sq, config.sqEntries());
        assertEquals(cq, config.cqEntries());
    }
}
