package io.uring.reactor;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.uring.testkit.NothingLeft;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A loop's memory for datagrams. */
@Timeout(60)
@ExtendWith(NothingLeft.class)
final class DatagramBuffersTest {
    @Test
    void bufferHoldsTheLongestDatagramAndWhatBelongsToIt() {
        ReactorConfig config =
                ReactorConfig.defaults().withDatagramBuffers(BufferConfig.fixed(4, 1000));
        try (Turns turns = new Turns("", config)) {
            DatagramBuffers memory = turns.reactor.datagrams();
            assertTrue(memory.bufferBytes() >= 1000 + DatagramBuffers.PAYLOAD);
            assertSame(memory, turns.reactor.datagrams());
            assertEquals(0, memory.sizes().count());
            Chunk chunk = memory.group().takeChunk();
            assertTrue(chunk.memory().byteSize() >= memory.bufferBytes());
            memory.group().returnChunk(chunk);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"pbuf_ring", "multishot_recv"})
    void withoutMultishotReceiveNothingIsShared(String mask) {
        try (Turns turns = new Turns(mask, ReactorConfig.defaults())) {
            BufferGroup group = turns.reactor.datagrams().group();
            assertFalse(group.isShared());
            assertTrue(group.isExhausted());
        }
    }

    @Test
    void streamsAndDatagramsHaveGroupsOfTheirOwn() {
        try (Turns turns = new Turns()) {
            BufferGroup datagrams = turns.reactor.datagrams().group();
            assertNotSame(turns.reactor.buffers(), datagrams);
            assertTrue(turns.reactor.buffers().group() != datagrams.group());
        }
    }

    @Test
    void messagesAreReusedAndDoNotOverlap() {
        try (Turns turns = new Turns()) {
            DatagramBuffers memory = turns.reactor.datagrams();
            List<DatagramMessage> taken = new ArrayList<>();
            for (int i = 0; i < 1000; i++) { // more than one piece of memory
                DatagramMessage message = memory.takeMessage();
                message.control().fill((byte) i);
                message.address().segment().fill((byte) i);
                taken.add(message);
            }
            assertEquals(1000, memory.messagesInUse());
            for (int i = 0; i < 1000; i++) {
                assertFilled(taken.get(i).control(), (byte) i);
                assertFilled(taken.get(i).address().segment(), (byte) i);
            }
            taken.forEach(memory::returnMessage);
            assertEquals(0, memory.messagesInUse());
            assertSame(taken.getLast(), memory.takeMessage());
        }
    }

    private static void assertFilled(MemorySegment segment, byte value) {
        for (long i = 0; i < segment.byteSize(); i++) {
            assertEquals(value, segment.get(java.lang.foreign.ValueLayout.JAVA_BYTE, i));
        }
    }

    @ParameterizedTest
    @CsvSource({"0,1000", "3,1000", "65536,1000", "4,63", "4,65536", "-1,1000", "32768,65535"})
    void impossibleSizesAreRefused(int count, int bytes) {
        assertThrows(IllegalArgumentException.class, () -> datagrams(count, bytes));
    }

    @ParameterizedTest
    @CsvSource({"1,64", "32768,65000", "16384,65535"})
    void extremeSizesAreTaken(int count, int bytes) {
        assertDoesNotThrow(() -> datagrams(count, bytes));
    }

    private static ReactorConfig datagrams(int count, int bytes) {
        return ReactorConfig.defaults().withDatagramBuffers(BufferConfig.fixed(count, bytes));
    }
}
