package io.uring.netty;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.testsuite.transport.TestsuitePermutation.BootstrapComboFactory;
import io.netty.testsuite.transport.socket.TrafficShapingHandlerTest;
import java.util.List;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Timeout;

/** As it comes. */
@Timeout(120)
class TcpSuiteTest extends StreamSuite {
    private static final StreamCombos COMBOS = new StreamCombos("", true, -1);

    @Override
    StreamCombos combos() {
        return COMBOS;
    }

    /** Here only: it waits for most of a minute. */
    @Nested
    class TrafficShapingHandler extends TrafficShapingHandlerTest {
        @Override
        protected List<BootstrapComboFactory<ServerBootstrap, Bootstrap>> newFactories() {
            return combos().socket().subList(0, 1); // its time is for one
        }

        @Override
        protected List<ByteBufAllocator> newAllocators() {
            return List.of(PooledByteBufAllocator.DEFAULT); // half the time that it waits
        }
    }
}
