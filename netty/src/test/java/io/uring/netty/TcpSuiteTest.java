package io.uring.netty;

import org.junit.jupiter.api.Timeout;

/** As it comes. */
@Timeout(120)
class TcpSuiteTest extends StreamSuite {
    private static final StreamCombos COMBOS = new StreamCombos("", true, -1);

    @Override
    StreamCombos combos() {
        return COMBOS;
    }
}
