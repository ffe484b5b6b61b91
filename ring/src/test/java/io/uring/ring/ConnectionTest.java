package io.uring.ring;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.uring.testkit.Behaviour;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Sockets come and go, by operations of the ring only. */
@ExtendWith(DescriptorsReturn.class)
final class ConnectionTest {
    private static final int ECANCELED = -125;

    @ParameterizedTest
    @CsvSource({"1, 1", "2, 1", "10, 1", "1, 2", "2, 2", "10, 2", "1, 0x80801"})
    @Behaviour("SOC-01")
    void socketOperationMakesADescriptor(int domain, String type) {
        try (TestRing test = TestRing.open()) {
            SocketOps.socket(test.sqe(), domain, Integer.decode(type), 0).userData(1);
            Descriptor socket = Descriptor.of(test.take(1).result());
            ControlOps.close(test.sqe(), socket).userData(2);
            test.take(2, 0);
        }
    }

    @Test
    @Behaviour("SOC-01")
    void socketOfAnUnknownDomainFails() {
        try (TestRing test = TestRing.open()) {
            SocketOps.socket(test.sqe(), 12345, 1, 0).userData(1);
            test.take(1, -97);
        }
    }

    @Test
    @Behaviour("SOC-03")
    void secondBindFailsAndAnAddressInUseIsReported() {
        try (TestRing test = TestRing.open();
                Loopback tcp = Loopback.listen(test)) {
            SocketOps.bind(test.sqe(), tcp.listener, Loopback.anyPort()).userData(1);
            test.take(1, -22);
            Descriptor other = Loopback.socket(test);
            SocketOps.bind(test.sqe(), other, tcp.address).userData(2);
            test.take(2, -98);
            ControlOps.close(test.sqe(), other).userData(3);
            test.take(3, 0);
        }
    }

    @Test
    @Behaviour({"SOC-04", "SOC-07", "SND-01", "RCV-01"})
    void bytesGoBothWaysOverAnAcceptedConnection() {
        try (TestRing test = TestRing.open();
                Loopback tcp = Loopback.listen(test);
                Libc.Pair ends = tcp.connection()) {
            exchange(test, ends.first(), ends.second(), "to the server");
            exchange(test, ends.second(), ends.first(), "to the client");
        }
    }

    private static void exchange(TestRing test, int from, int to, String text) {
        MemorySegment sent = bytes(test, text);
        MemorySegment received = test.ring().allocate(100);
        SocketOps.recv(test.sqe(), Descriptor.of(to), received, 0).userData(1);
        SocketOps.send(test.sqe(), Descriptor.of(from), sent, SocketOps.MSG_NOSIGNAL).userData(2);
        test.take(2, text.length());
        test.take(1, text.length());
        assertEquals(text, Libc.string(received, 0, text.length()));
    }

    static MemorySegment bytes(TestRing test, String text) {
        MemorySegment segment = test.ring().allocate(text.length());
        segment.copyFrom(
                MemorySegment.ofArray(text.getBytes(java.nio.charset.StandardCharsets.ISO_8859_1)));
        return segment;
    }

    @Test
    @Behaviour("SOC-04")
    void connectToAClosedPortIsRefusedEveryTime() {
        try (TestRing test = TestRing.open()) {
            Sockaddr address;
            try (Loopback tcp = Loopback.listen(test)) {
                address = tcp.address;
            }
            Descriptor socket = Loopback.socket(test);
            for (int i = 1; i <= 2; i++) {
                SocketOps.connect(test.sqe(), socket, address).userData(i);
                test.take(i, -111);
            }
            ControlOps.close(test.sqe(), socket).userData(3);
            test.take(3, 0);
        }
    }

    @Test
    @Behaviour("SOC-08")
    void acceptOfASocketThatDoesNotListenFails() {
        try (TestRing test = TestRing.open()) {
            Descriptor socket = Loopback.socket(test);
            SocketOps.accept(test.sqe(), socket).userData(1);
            test.take(1, -22);
            ControlOps.close(test.sqe(), socket).userData(2);
            test.take(2, 0);
        }
    }

    @Test
    @Behaviour({"SOC-11", "CAN-07"})
    void multishotAcceptReportsEachConnectionUntilCancelled() {
        try (TestRing test = TestRing.open();
                Loopback tcp = Loopback.listen(test)) {
            SocketOps.acceptMultishot(test.sqe(), tcp.listener).userData(1);
            List<Integer> open = new ArrayList<>();
            for (int i = 0; i < 5; i++) {
                open.add(tcp.connecting().number());
                test.take(1003, 0);
                TestRing.Event accepted = test.take(1);
                assertTrue(accepted.result() > 2 && accepted.more(), accepted::toString);
                open.add(accepted.result());
            }
            assertEquals(10, open.stream().distinct().count());
            CancelOps.cancel(test.sqe(), 1).userData(2);
            test.take(2, 0);
            assertFalse(test.take(1, ECANCELED).more());
            open.forEach(Libc::close);
        }
    }

    @Test
    @Behaviour({"SOC-12", "MSH-09", "CQ-04"})
    void multishotAcceptWithMoreConnectionsThanCompletionsLosesNone() {
        int connections = 40;
        try (TestRing test = TestRing.open(64, 64);
                TestRing server = TestRing.open(4, 4);
                Loopback tcp = Loopback.listen(test)) {
            List<Integer> open = new ArrayList<>();
            SocketOps.acceptMultishot(server.sqe(), tcp.listener).userData(1);
            server.ring().submit();
            for (int i = 0; i < connections; i++) {
                open.add(tcp.connecting().number());
                test.take(1003, 0);
            }
            for (int i = 0; i < connections; i++) {
                TestRing.Event accepted = server.take(1);
                assertTrue(accepted.result() > 2, accepted::toString);
                open.add(accepted.result());
                if (!accepted.more()) {
                    SocketOps.acceptMultishot(server.sqe(), tcp.listener).userData(1);
                }
            }
            CancelOps.cancelAll(server.sqe(), tcp.listener).userData(2);
            server.take(2, 1);
            server.take(1, ECANCELED);
            open.forEach(Libc::close);
        }
    }

    @Test
    @Behaviour({"SOC-13", "SND-09"})
    void halfCloseIsTheEndOfInputAndTheOtherWayGoesOn() {
        try (TestRing test = TestRing.open();
                Loopback tcp = Loopback.listen(test);
                Libc.Pair ends = tcp.connection()) {
            Descriptor client = Descriptor.of(ends.first());
            Descriptor server = Descriptor.of(ends.second());
            SocketOps.shutdown(test.sqe(), client, SocketOps.SHUT_WR).userData(1);
            test.take(1, 0);
            MemorySegment buffer = test.ring().allocate(10);
            SocketOps.recv(test.sqe(), server, buffer, 0).userData(2);
            test.take(2, 0);
            exchange(test, ends.second(), ends.first(), "still there");
        }
    }

    @Test
    @Behaviour("SOC-13")
    void shutdownEndsAPendingReceive() {
        try (TestRing test = TestRing.open();
                Loopback tcp = Loopback.listen(test);
                Libc.Pair ends = tcp.connection()) {
            Descriptor client = Descriptor.of(ends.first());
            SocketOps.recv(test.sqe(), client, test.ring().allocate(10), 0).userData(1);
            test.ring().submit();
            SocketOps.shutdown(test.sqe(), client, SocketOps.SHUT_RDWR).userData(2);
            test.take(2, 0);
            test.take(1, 0);
        }
    }

    @Test
    @Behaviour("SOC-13")
    void shutdownOfAnUnconnectedSocketFails() {
        try (TestRing test = TestRing.open()) {
            Descriptor socket = Loopback.socket(test);
            SocketOps.shutdown(test.sqe(), socket, SocketOps.SHUT_RD).userData(1);
            test.take(1, -107);
            ControlOps.close(test.sqe(), socket).userData(2);
            test.take(2, 0);
        }
    }

    @Test
    @Behaviour("SND-02")
    void sendToAClosedPeerIsEpipeWithoutASignal() {
        try (TestRing test = TestRing.open()) {
            Libc.Pair ends = Libc.socketPair(Libc.STREAM);
            Libc.close(ends.second());
            Descriptor socket = Descriptor.of(ends.first());
            SocketOps.send(test.sqe(), socket, test.ring().allocate(10), 0).userData(1);
            test.take(1, -32);
            Libc.close(ends.first());
        }
    }

    @Test
    @Behaviour("CAN-11")
    void closeOfADescriptorLeavesItsReceivePendingAndCancelEndsIt() {
        try (TestRing test = TestRing.open()) {
            Libc.Pair ends = Libc.socketPair(Libc.STREAM);
            Descriptor socket = Descriptor.of(ends.first());
            SocketOps.recv(test.sqe(), socket, test.ring().allocate(1), 0).userData(1);
            test.ring().submit();
            ControlOps.close(test.sqe(), socket).userData(2);
            test.take(2, 0);
            assertEquals(List.of(), test.takeReady());
            CancelOps.cancel(test.sqe(), 1).userData(3);
            test.take(3, 0);
            test.take(1, ECANCELED);
            Libc.close(ends.second());
        }
    }
}
