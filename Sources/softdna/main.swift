print("softdna")
