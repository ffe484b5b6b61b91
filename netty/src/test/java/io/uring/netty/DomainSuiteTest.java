package io.uring.netty;

import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.testsuite.transport.TestsuitePermutation.BootstrapComboFactory;
import io.netty.testsuite.transport.TestsuitePermutation.BootstrapFactory;
import io.netty.testsuite.transport.socket.AbstractSocketReuseFdTest;
import io.netty.testsuite.transport.socket.AbstractSocketShutdownOutputByPeerTest;
import io.netty.testsuite.transport.socket.CompositeBufferGatheringWriteTest;
import io.netty.testsuite.transport.socket.SocketAddressesTest;
import io.netty.testsuite.transport.socket.SocketAutoReadTest;
import io.netty.testsuite.transport.socket.SocketBufReleaseTest;
import io.netty.testsuite.transport.socket.SocketCancelWriteTest;
import io.netty.testsuite.transport.socket.SocketConditionalWritabilityTest;
import io.netty.testsuite.transport.socket.SocketDataReadInitialStateTest;
import io.netty.testsuite.transport.socket.SocketEchoTest;
import io.netty.testsuite.transport.socket.SocketExceptionHandlingTest;
import io.netty.testsuite.transport.socket.SocketFileRegionTest;
import io.netty.testsuite.transport.socket.SocketFixedLengthEchoTest;
import io.netty.testsuite.transport.socket.SocketGatheringWriteTest;
import io.netty.testsuite.transport.socket.SocketHalfClosedTest;
import io.netty.testsuite.transport.socket.SocketObjectEchoTest;
import io.netty.testsuite.transport.socket.SocketReadPendingTest;
import io.netty.testsuite.transport.socket.SocketSslClientRenegotiateTest;
import io.netty.testsuite.transport.socket.SocketSslEchoTest;
import io.netty.testsuite.transport.socket.SocketSslGreetingTest;
import io.netty.testsuite.transport.socket.SocketStartTlsTest;
import io.netty.testsuite.transport.socket.SocketStringEchoTest;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.SocketAddress;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.List;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.TestInfo;
import org.junit.jupiter.api.Timeout;

/**
 * Netty's own tests of stream transports over unix sockets: all but those that need TCP, by its
 * options, channel class or addresses.
 */
@Timeout(240)
class DomainSuiteTest {
    static {
        FullBacklog.isBadHost(); // before the combos load the class that reads it
    }

    private static final DomainCombos COMBOS = new DomainCombos();

    @Nested
    class CompositeBufferGatheringWrite extends CompositeBufferGatheringWriteTest {
        @Override
        protected List<BootstrapComboFactory<ServerBootstrap, Bootstrap>> newFactories() {
            return COMBOS.socket();
        }

        @Override
        protected SocketAddress newSocketAddress() {
            return DomainCombos.newAddress();
        }
    }

    @Nested
    class SocketConditionalWritability extends SocketConditionalWritabilityTest {
        @Override
        protected List<BootstrapComboFactory<ServerBootstrap, Bootstrap>> newFactories() {
            return COMBOS.socket();
        }

        @Override
        protected SocketAddress newSocketAddress() {
            return DomainCombos.newAddress();
        }
    }

    @Nested
    class SocketDataReadInitialState extends SocketDataReadInitialStateTest {
        @Override
        protected List<BootstrapComboFactory<ServerBootstrap, Bootstrap>> newFactories() {
            return COMBOS.socket();
        }

        @Override
        protected SocketAddress newSocketAddress() {
            return DomainCombos.newAddress();
        }
    }

    @Nested
    class SocketEcho extends SocketEchoTest {
        @Override
        protected List<BootstrapComboFactory<ServerBootstrap, Bootstrap>> newFactories() {
            return COMBOS.socket();
        }

        @Override
        protected SocketAddress newSocketAddress() {
            return DomainCombos.newAddress();
        }
    }

    @Nested
    class SocketExceptionHandling extends SocketExceptionHandlingTest {
        @Override
        protected List<BootstrapComboFactory<ServerBootstrap, Bootstrap>> newFactories() {
            return COMBOS.socket();
        }

        @Override
        protected SocketAddress newSocketAddress() {
            return DomainCombos.newAddress();
        }
    }

    @Nested
    class SocketFileRegion extends SocketFileRegionTest {
        @Override
        protected List<BootstrapComboFactory<ServerBootstrap, Bootstrap>> newFactories() {
            return COMBOS.socket();
        }

        @Override
        protected SocketAddress newSocketAddress() {
            return DomainCombos.newAddress();
        }
    }

    @Nested
    class SocketFixedLengthEcho extends SocketFixedLengthEchoTest {
        @Override
        protected List<BootstrapComboFactory<ServerBootstrap, Bootstrap>> newFactories() {
            return COMBOS.socket();
        }

        @Override
        protected SocketAddress newSocketAddress() {
            return DomainCombos.newAddress();
        }
    }

    @Nested
    class SocketGatheringWrite extends SocketGatheringWriteTest {
        @Override
        protected List<BootstrapComboFactory<ServerBootstrap, Bootstrap>> newFactories() {
            return COMBOS.socket();
        }

        @Override
        protected SocketAddress newSocketAddress() {
            return DomainCombos.newAddress();
        }
    }

    @Nested
    class SocketHalfClosed extends SocketHalfClosedTest {
        @Override
        protected List<BootstrapComboFactory<ServerBootstrap, Bootstrap>> newFactories() {
            return COMBOS.socket();
        }

        @Override
        protected SocketAddress newSocketAddress() {
            return DomainCombos.newAddress();
        }

        /** Its channel must be a SocketChannel, and has a linger time. */
        @Override
        public void testHalfClosureReceiveDataOnFinalWait2StateWhenSoLingerSet(TestInfo info) {}
    }

    @Nested
    class SocketStringEcho extends SocketStringEchoTest {
        @Override
        protected List<BootstrapComboFactory<ServerBootstrap, Bootstrap>> newFactories() {
            return COMBOS.socket();
        }

        @Override
        protected SocketAddress newSocketAddress() {
            return DomainCombos.newAddress();
        }
    }

    @Nested
    class SocketAutoRead extends SocketAutoReadTest {
        @Override
        protected List<BootstrapComboFactory<ServerBootstrap, Bootstrap>> newFactories() {
            return COMBOS.socket();
        }

        @Override
        protected SocketAddress newSocketAddress() {
            return DomainCombos.newAddress();
        }
    }

    @Nested
    class SocketReadPending extends SocketReadPendingTest {
        @Override
        protected List<BootstrapComboFactory<ServerBootstrap, Bootstrap>> newFactories() {
            return COMBOS.socket();
        }

        @Override
        protected SocketAddress newSocketAddress() {
            return DomainCombos.newAddress();
        }
    }

    @Nested
    class SocketSslClientRenegotiate extends SocketSslClientRenegotiateTest {
        @Override
        protected List<BootstrapComboFactory<ServerBootstrap, Bootstrap>> newFactories() {
            return COMBOS.socket();
        }

        @Override
        protected SocketAddress newSocketAddress() {
            return DomainCombos.newAddress();
        }
    }

    @Nested
    class SocketSslEcho extends SocketSslEchoTest {
        @Override
        protected List<BootstrapComboFactory<ServerBootstrap, Bootstrap>> newFactories() {
            return COMBOS.socket();
        }

        @Override
        protected SocketAddress newSocketAddress() {
            return DomainCombos.newAddress();
        }
    }

    @Nested
    class SocketSslGreeting extends SocketSslGreetingTest {
        @Override
        protected List<BootstrapComboFactory<ServerBootstrap, Bootstrap>> newFactories() {
            return COMBOS.socket();
        }

        @Override
        protected SocketAddress newSocketAddress() {
            return DomainCombos.newAddress();
        }
    }

    @Nested
    class SocketStartTls extends SocketStartTlsTest {
        @Override
        protected List<BootstrapComboFactory<ServerBootstrap, Bootstrap>> newFactories() {
            return COMBOS.socket();
        }

        @Override
        protected SocketAddress newSocketAddress() {
            return DomainCombos.newAddress();
        }
    }

    @Nested
    class SocketObjectEcho extends SocketObjectEchoTest {
        @Override
        protected List<BootstrapComboFactory<ServerBootstrap, Bootstrap>> newFactories() {
            return COMBOS.socket();
        }

        @Override
        protected SocketAddress newSocketAddress() {
            return DomainCombos.newAddress();
        }
    }

    @Nested
    class SocketCancelWrite extends SocketCancelWriteTest {
        @Override
        protected List<BootstrapComboFactory<ServerBootstrap, Bootstrap>> newFactories() {
            return COMBOS.socket();
        }

        @Override
        protected SocketAddress newSocketAddress() {
            return DomainCombos.newAddress();
        }
    }

    @Nested
    class SocketBufRelease extends SocketBufReleaseTest {
        @Override
        protected List<BootstrapComboFactory<ServerBootstrap, Bootstrap>> newFactories() {
            return COMBOS.socket();
        }

        @Override
        protected SocketAddress newSocketAddress() {
            return DomainCombos.newAddress();
        }
    }

    @Nested
    class SocketReuseFd extends AbstractSocketReuseFdTest {
        @Override
        protected List<BootstrapComboFactory<ServerBootstrap, Bootstrap>> newFactories() {
            return COMBOS.socket();
        }

        @Override
        protected SocketAddress newSocketAddress() {
            return DomainCombos.newAddress();
        }
    }

    @Nested
    class SocketAddresses extends SocketAddressesTest {
        @Override
        protected List<BootstrapComboFactory<ServerBootstrap, Bootstrap>> newFactories() {
            return COMBOS.socket();
        }

        @Override
        protected SocketAddress newSocketAddress() {
            return DomainCombos.newAddress();
        }

        @Override
        protected void assertAddress(SocketAddress address) {
            assertInstanceOf(DomainSocketAddress.class, address);
        }
    }

    @Nested
    class SocketShutdownOutputByPeer extends AbstractSocketShutdownOutputByPeerTest<SocketChannel> {
        @Override
        protected List<BootstrapFactory<ServerBootstrap>> newFactories() {
            return COMBOS.serverSocket();
        }

        @Override
        protected SocketAddress newSocketAddress() {
            return DomainCombos.newAddress();
        }

        @Override
        protected SocketChannel newSocket() {
            try {
                return SocketChannel.open(StandardProtocolFamily.UNIX);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        @Override
        protected void connect(SocketChannel peer, SocketAddress address) throws IOException {
            peer.connect(UnixDomainSocketAddress.of(((DomainSocketAddress) address).path()));
        }

        @Override
        protected void write(SocketChannel peer, int data) throws IOException {
            peer.write(ByteBuffer.wrap(new byte[] {(byte) data}));
        }

        @Override
        protected void shutdownOutput(SocketChannel peer) throws IOException {
            peer.shutdownOutput();
        }

        @Override
        protected void close(SocketChannel peer) throws IOException {
            peer.close();
        }
    }
}
