package io.uring.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ServerIdentityTest {

    @TempDir static Path directory;
    private static TestCertificate rsa;
    private static TestCertificate ec;
    private static TestCertificate ed25519;

    @BeforeAll
    static void create() throws Exception {
        rsa = TestCertificate.create(directory, "RSA");
        ec = TestCertificate.create(directory, "EC");
        ed25519 = TestCertificate.create(directory, "Ed25519");
    }

    private static TestCertificate of(String algorithm) {
        return switch (algorithm) {
            case "RSA" -> rsa;
            case "EC" -> ec;
            default -> ed25519;
        };
    }

    @ParameterizedTest
    @ValueSource(strings = {"RSA", "EC", "Ed25519"})
    void pkcs8KeyIsRead(String algorithm) throws Exception {
        TestCertificate files = of(algorithm);

        ServerIdentity identity = ServerIdentity.load(files.certificateFile(), files.keyFile());

        assertEquals(files.certificate(), identity.keyStore().getCertificate("server"));
        assertEquals(files.certificate(), identity.chain().getFirst());
    }

    @ParameterizedTest
    @CsvSource({"RSA, RSA PRIVATE KEY", "EC, EC PRIVATE KEY"})
    void oldOpensslKeyIsRead(String algorithm, String label) throws Exception {
        TestCertificate files = of(algorithm);
        Path old =
                TestCertificate.writePem(
                        directory.resolve(algorithm + "-old.pem"),
                        label,
                        inner(files.key().getEncoded()));

        ServerIdentity identity = ServerIdentity.load(files.certificateFile(), old);

        assertEquals(algorithm, identity.key().getAlgorithm());
    }

    @Test
    void intermediatesFollowTheCertificate() throws Exception {
        Path chain = directory.resolve("chain.pem");
        Files.writeString(
                chain,
                "Some text\n"
                        + Files.readString(rsa.certificateFile())
                        + Files.readString(ec.certificateFile()));

        ServerIdentity identity = ServerIdentity.load(chain, rsa.keyFile());

        assertEquals(2, identity.chain().size());
        assertEquals(rsa.certificate(), identity.chain().getFirst());
    }

    @Test
    void keyInTheCertificateFileIsFound() throws Exception {
        Path both = directory.resolve("both.pem");
        Files.writeString(
                both, Files.readString(rsa.keyFile()) + Files.readString(rsa.certificateFile()));

        assertEquals(1, ServerIdentity.load(both, both).chain().size());
    }

    @ParameterizedTest
    @ValueSource(strings = {"RSA", "EC", "Ed25519"})
    void keyOfAnotherCertificateIsRefused(String algorithm) throws Exception {
        Path folder = Files.createDirectories(directory.resolve("other"));
        TestCertificate other = TestCertificate.create(folder, algorithm);

        String message = failure(of(algorithm).certificateFile(), other.keyFile());

        assertTrue(message.contains("does not belong to"), message);
    }

    @Test
    void keyOfAnotherAlgorithmIsRefused() {
        String message = failure(rsa.certificateFile(), ec.keyFile());

        assertTrue(message.endsWith("holds no valid RSA key for the certificate"), message);
    }

    @Test
    void encryptedKeyIsExplained() throws Exception {
        Path encrypted =
                TestCertificate.writePem(
                        directory.resolve("encrypted.pem"), "ENCRYPTED PRIVATE KEY", new byte[64]);

        String message = failure(rsa.certificateFile(), encrypted);

        assertTrue(message.contains("is encrypted. Decrypt it: openssl pkey"), message);
    }

    @Test
    void filesWithoutPemAreExplained() throws Exception {
        Path text = Files.writeString(directory.resolve("text.pem"), "no PEM here");
        Path empty = Files.writeString(directory.resolve("empty.pem"), "");

        assertTrue(failure(text, rsa.keyFile()).contains("/text.pem' holds no "));
        assertTrue(failure(empty, rsa.keyFile()).contains("/empty.pem' holds no "));
        assertTrue(
                failure(rsa.certificateFile(), text)
                        .endsWith("/text.pem' holds no PEM private key"));
    }

    @Test
    void brokenPemIsExplained() throws Exception {
        Path broken =
                TestCertificate.writePem(
                        directory.resolve("broken.pem"), "PRIVATE KEY", new byte[] {1, 2, 3});

        String message = failure(rsa.certificateFile(), broken);

        assertTrue(message.contains("/broken.pem' holds no valid RSA key"), message);

        Path certificate =
                TestCertificate.writePem(
                        directory.resolve("bad.pem"), "CERTIFICATE", new byte[] {1, 2, 3});
        String other = failure(certificate, rsa.keyFile());

        assertTrue(other.contains("/bad.pem' holds no valid PEM certificate"), other);
    }

    @Test
    void missingFilesAreNamed() {
        Path none = directory.resolve("none.pem");

        assertTrue(
                failure(none, rsa.keyFile()).matches("certificate '.*/none.pem' does not exist"));
        assertTrue(
                failure(rsa.certificateFile(), none).matches("key '.*/none.pem' does not exist"));
        assertTrue(failure(directory, rsa.keyFile()).startsWith("cannot read certificate"));
    }

    private static String failure(Path certificate, Path key) {
        return assertThrows(CommandFailure.class, () -> ServerIdentity.load(certificate, key))
                .getMessage();
    }

    /** PKCS#8 is a sequence of version, algorithm and an octet string with the old format. */
    private static byte[] inner(byte[] pkcs8) {
        ByteBuffer der = ByteBuffer.wrap(pkcs8);
        length(der);
        for (int skipped = 0; skipped < 2; skipped++) {
            int bytes = length(der);
            der.position(der.position() + bytes);
        }
        byte[] key = new byte[length(der)];
        der.get(key);
        return key;
    }

    private static int length(ByteBuffer der) {
        der.get();
        int first = der.get() & 0xff;
        return switch (first) {
            case 0x81 -> der.get() & 0xff;
            case 0x82 -> der.getShort() & 0xffff;
            default -> first;
        };
    }
}
