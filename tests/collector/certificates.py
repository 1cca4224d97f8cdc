"""Certificates of an authority of the tests' own, made with openssl."""

import subprocess

KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]


def openssl(directory, *arguments):
    """Runs openssl in a directory."""
    subprocess.run(["openssl", *arguments], cwd=directory, check=True, capture_output=True)


def authority(directory, name="ca"):
    """Makes an authority, and returns the path of its certificate."""
    files = ["-keyout", f"{name}.key", "-out", f"{name}.pem"]
    openssl(directory, "req", "-x509", *KEY, *files, "-days", "30", "-subj", f"/CN=tests {name}")
    return directory / f"{name}.pem"


def certificate(directory, name, names="IP:127.0.0.1", days=30, signer="ca"):
    """Makes a certificate of an authority, and returns the paths of certificate and key. It has expired if `days` is
    negative."""
    alternative = f"subjectAltName={names}"
    files = ["-keyout", f"{name}.key", "-out", f"{name}.csr"]
    openssl(directory, "req", *KEY, *files, "-subj", f"/CN={name}", "-addext", alternative)
    signed_by = ["-CA", f"{signer}.pem", "-CAkey", f"{signer}.key", "-CAcreateserial"]
    output = ["-out", f"{name}.pem", "-days", str(days), "-copy_extensions", "copy"]
    openssl(directory, "x509", "-req", "-in", f"{name}.csr", *signed_by, *output)
    return str(directory / f"{name}.pem"), str(directory / f"{name}.key")
