package io.uring.cli;

import io.uring.ring.Availability;
import io.uring.ring.Capabilities;
import io.uring.ring.Feature;
import io.uring.ring.Opcode;
import io.uring.ring.UnavailableException;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What io_uring offers to this process.
 *
 * @param cause why it is not usable, with the remedy; null when it is usable
 * @param features the optional features that this library will use
 * @param unused those it does without: not there, masked, or replaced by a better one
 * @param operations the operations that the kernel supports
 */
record RingReport(
        @Nullable String cause,
        @Nullable String remedy,
        Set<Feature> features,
        List<Feature> unused,
        Set<Opcode> operations) {

    static RingReport of(Availability availability) {
        @Nullable UnavailableException cause = availability.cause();
        if (cause != null) {
            return new RingReport(
                    String.valueOf(cause.getMessage()),
                    cause.remedy(),
                    Set.of(),
                    List.of(),
                    Set.of());
        }
        Capabilities capabilities = availability.capabilities();
        return new RingReport(
                null,
                null,
                capabilities.features(),
                Arrays.stream(Feature.values())
                        .filter(feature -> !capabilities.has(feature))
                        .toList(),
                capabilities.opcodes());
    }

    boolean usable() {
        return cause == null;
    }

    boolean has(Feature feature) {
        return features.contains(feature);
    }
}
