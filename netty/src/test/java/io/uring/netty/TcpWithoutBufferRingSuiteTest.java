package io.uring.netty;

import org.junit.jupiter.api.Timeout;

/** On kernels before 5.19: every receive has memory of its own. */
@Timeout(120)
class TcpWithoutBufferRingSuiteTest extends StreamSuite {
    private static final StreamCombos COMBOS = new StreamCombos("pbuf_ring", false, -1);

    @Override
    StreamCombos combos() {
        return COMBOS;
    }
}
