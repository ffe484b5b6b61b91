package io.uring.netty;

import org.junit.jupiter.api.Timeout;

/**
 * Every send is one without a copy. On loopback the kernel copies all the same, which the masked
 * feature keeps from being noticed.
 */
@Timeout(120)
class TcpZeroCopySuiteTest extends StreamSuite {
    private static final StreamCombos COMBOS = new StreamCombos("reg_reg_ring", false, 1);

    @Override
    StreamCombos combos() {
        return COMBOS;
    }
}
