package io.uring.simulation;

/** Events of poll(2). */
final class Poll {
    static final int IN = 1;
    static final int OUT = 4;
    static final int ERR = 8;
    static final int HUP = 0x10;
    static final int RDHUP = 0x2000;

    /** Reported whether asked for or not. */
    static final int ALWAYS = ERR | HUP;

    private Poll() {}
}
