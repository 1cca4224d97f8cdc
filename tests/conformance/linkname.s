// Lets serve.go declare a function of Cilium that is not exported, without a body.
