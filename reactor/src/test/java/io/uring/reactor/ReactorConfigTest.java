package io.uring.reactor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.uring.ring.EventFd;
import io.uring.ring.OperationLimitException;
import io.uring.testkit.NothingLeft;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** The limits of a loop. */
@Timeout(60)
@ExtendWith(NothingLeft.class)
final class ReactorConfigTest {
    @Test
    void eachCopyChangesOneThing() {
        ReactorConfig config = ReactorConfig.defaults();
        ReactorConfig other =
                new ReactorConfig(
                        7,
                        17,
                        BufferConfig.of(1, 2, 64),
                        BufferConfig.of(2, 4, 128),
                        5,
                        IdleStrategy.sleep());
        assertEquals(
                other,
                config.withConnections(7)
                        .withMaxOperations(17)
                        .withStreamBuffers(other.streamBuffers())
                        .withDatagramBuffers(other.datagramBuffers())
                        .withDrainNanos(5)
                        .withIdle(other.idle()));
    }

    @Test
    void fewerThanSixteenOperationsAreRefused() {
        ReactorConfig config = ReactorConfig.defaults();
        assertThrows(IllegalArgumentException.class, () -> config.withMaxOperations(15));
        assertEquals(16, config.withMaxOperations(16).maxOperations());
    }

    @Test
    void operationsBeyondTwiceTheLimitAreRefused() {
        List<Turns.Probe> waits = new ArrayList<>();
        try (Turns turns = new Turns("", ReactorConfig.defaults().withMaxOperations(16));
                EventFd event = EventFd.open(turns.reactor.ring())) {
            for (int i = 0; i < 32; i++) {
                waits.add(Turns.read(event));
                turns.reactor.submit(waits.get(i));
            }
            assertThrows(OperationLimitException.class, () -> turns.reactor.submit(Turns.nop()));
            waits.forEach(turns.reactor::cancel);
            turns.until(() -> waits.stream().allMatch(Turns.Probe::isDone));
        }
    }
}
