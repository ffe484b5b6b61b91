package io.uring.cli;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.cert.Certificate;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A certificate chain, the server's own first, and its private key, from the PEM files that ACME
 * clients and openssl write.
 */
record ServerIdentity(PrivateKey key, List<Certificate> chain) {

    /** Protects nothing: the key store never leaves this process, but its interface wants one. */
    static final String STORE_PASSWORD = "in-memory";

    private static final Pattern CERTIFICATE_BLOCK = block("CERTIFICATE");
    private static final Pattern KEY_BLOCK = block("(?:[A-Z0-9]+ )*PRIVATE KEY");

    /** Group 1 is the label, group 2 the body. Other blocks and text in between are passed over. */
    private static Pattern block(String label) {
        return Pattern.compile(
                "-----BEGIN (" + label + ")-----(.*?)-----END \\1-----", Pattern.DOTALL);
    }

    static ServerIdentity load(Path certificateFile, Path keyFile) {
        List<Certificate> chain = chain(certificateFile, read("certificate", certificateFile));
        PublicKey publicKey = chain.getFirst().getPublicKey();
        PrivateKey key = privateKey(keyFile, read("key", keyFile), publicKey);
        if (!KeyPairs.match(key, publicKey)) {
            throw new CommandFailure(
                    "key '%s' does not belong to certificate '%s'"
                            .formatted(keyFile, certificateFile));
        }
        return new ServerIdentity(key, chain);
    }

    KeyStore keyStore() {
        try {
            KeyStore store = KeyStore.getInstance("PKCS12");
            store.load(null, null);
            store.setKeyEntry(
                    "server", key, STORE_PASSWORD.toCharArray(), chain.toArray(Certificate[]::new));
            return store;
        } catch (GeneralSecurityException | IOException e) {
            throw new IllegalStateException("Cannot build a key store in memory", e);
        }
    }

    private static String read(String what, Path file) {
        try {
            // Every byte is a character, so that a binary file is one without PEM, not undecodable.
            return Files.readString(file, ISO_8859_1);
        } catch (NoSuchFileException e) {
            throw new CommandFailure(what + " '" + file + "' does not exist", e);
        } catch (AccessDeniedException e) {
            throw new CommandFailure("no permission to read " + what + " '" + file + "'", e);
        } catch (IOException e) {
            throw new CommandFailure(
                    "cannot read " + what + " '" + file + "': " + e.getMessage(), e);
        }
    }

    private static List<Certificate> chain(Path file, String pem) {
        List<Certificate> chain = new ArrayList<>();
        try {
            CertificateFactory factory = CertificateFactory.getInstance("X.509");
            for (Matcher block = CERTIFICATE_BLOCK.matcher(pem); block.find(); ) {
                byte[] der = Base64.getMimeDecoder().decode(block.group(2));
                chain.add(factory.generateCertificate(new ByteArrayInputStream(der)));
            }
        } catch (CertificateException | IllegalArgumentException e) {
            throw new CommandFailure(
                    "'" + file + "' holds no valid PEM certificate: " + e.getMessage(), e);
        }
        if (chain.isEmpty()) {
            throw new CommandFailure("'" + file + "' holds no PEM certificate");
        }
        return List.copyOf(chain);
    }

    private static PrivateKey privateKey(Path file, String pem, PublicKey publicKey) {
        Matcher block = KEY_BLOCK.matcher(pem);
        if (!block.find()) {
            throw new CommandFailure("'" + file + "' holds no PEM private key");
        }
        String label = block.group(1);
        String body = block.group(2);
        if (label.startsWith("ENCRYPTED") || body.contains("ENCRYPTED")) {
            throw new CommandFailure(
                    "key '%s' is encrypted. Decrypt it: openssl pkey -in %s -out plain.pem"
                            .formatted(file, file));
        }
        try {
            byte[] encoded = Base64.getMimeDecoder().decode(body);
            byte[] pkcs8 =
                    label.equals("PRIVATE KEY") ? encoded : KeyPairs.toPkcs8(encoded, publicKey);
            return KeyFactory.getInstance(publicKey.getAlgorithm())
                    .generatePrivate(new PKCS8EncodedKeySpec(pkcs8));
        } catch (GeneralSecurityException | IllegalArgumentException e) {
            throw new CommandFailure(
                    "'%s' holds no valid %s key for the certificate"
                            .formatted(file, publicKey.getAlgorithm()),
                    e);
        }
    }
}
