package io.uring.netty;

import org.junit.jupiter.api.Timeout;

/** As it comes. */
@Timeout(180)
class UdpSuiteTest extends DatagramSuite {
    private static final DatagramCombos COMBOS = new DatagramCombos("");

    @Override
    DatagramCombos combos() {
        return COMBOS;
    }
}
