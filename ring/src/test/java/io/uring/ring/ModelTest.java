package io.uring.ring;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.uring.testkit.Behaviour;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Random operations, chains, cancellations, timeouts and registrations on pipes, sockets and a file
 * against a simple model. Runs for 2 minutes in all; longer with {@code -Dmodel.seconds=} for each
 * kind of ring, and again with {@code -Dmodel.seed=}.
 */
@ExtendWith(DescriptorsReturn.class)
final class ModelTest {
    private static final long SECONDS = Long.getLong("model.seconds", 5);

    @TempDir Path directory;

    @ParameterizedTest
    @EnumSource(RingType.class)
    @Behaviour({"STR-01", "STR-03"})
    void ringDoesWhatTheModelDoes(RingType type) throws IOException {
        run(type.config(32, 128));
    }

    static Stream<Arguments> tinyRings() {
        return Stream.of(RingType.values()).map(Arguments::of);
    }

    /** Full queues and overflows all the time. */
    @ParameterizedTest
    @MethodSource("tinyRings")
    @Behaviour("STR-02")
    void tinyRingDoesWhatTheModelDoes(RingType type) throws IOException {
        boolean mixed = type == RingType.CQE_MIXED; // which has no queue of one place
        run(type.config(mixed ? 2 : 1, mixed ? 4 : 2));
    }

    private void run(RingConfig config) throws IOException {
        long seed = Long.getLong("model.seed", System.nanoTime());
        System.out.println("ModelTest seed " + seed);
        FaultyKernel kernel = new FaultyKernel();
        Path file = Files.createTempFile(directory, "model", "");
        long operations;
        try (RingModel model = new RingModel(config, kernel, file, seed)) {
            operations = model.run(SECONDS * 1_000_000_000L);
        } catch (AssertionError | RuntimeException e) {
            throw new AssertionError("seed " + seed, e);
        }
        assertTrue(operations > 1000, "only " + operations + " operations");
        assertEquals(0, kernel.openDescriptors());
        assertEquals(0, kernel.openMappings());
    }
}
