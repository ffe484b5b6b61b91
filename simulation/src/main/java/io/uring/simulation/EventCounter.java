package io.uring.simulation;

/** An eventfd. */
final class EventCounter extends OpenFile {
    long value;

    @Override
    void released() {}

    @Override
    int readiness() {
        return value > 0 ? Poll.IN | Poll.OUT : Poll.OUT;
    }

    @Override
    public String toString() {
        return "eventfd " + value;
    }
}
