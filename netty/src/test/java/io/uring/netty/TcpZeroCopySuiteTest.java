package io.uring.netty;

import org.junit.jupiter.api.Timeout;

/** Every send is one without a copy, as far as the kernel goes along. */
@Timeout(120)
class TcpZeroCopySuiteTest extends StreamSuite {
    private static final StreamCombos COMBOS = new StreamCombos("", false, 1);

    @Override
    StreamCombos combos() {
        return COMBOS;
    }
}
