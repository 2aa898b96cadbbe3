public import ISO7816
